import type { Duplex } from "node:stream";
import {
  BytesMessage,
  CheckAgentRequest,
  CheckAgentResponse,
  CredentialsRequest,
  CredentialsResponse,
  GetSecretRequest,
  GetSecretResponse,
  sessionPaths,
} from "../../api/buildkit/session.ts";
import type { AuthConfig } from "../../api/types/system.ts";
import type { ClientBlobs, ClientStore } from "../../builder/session/client-blobs.ts";
import type { BuildSession, ContextTexts, Dial, SentContext, WantedContext } from "../../builder/session/session.ts";
import type { ContentFile } from "../../builder/source/content-store.ts";
import type { ContextFiles } from "../../builder/source/context-files.ts";
import type { SourceTree } from "../../builder/source/tree.ts";
import type { RegistryCredentials } from "../../image/remote/credentials.ts";
import { invalid } from "../../lib/errors.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { patternLines } from "../../lib/ignore-patterns.ts";
import { once } from "../../lib/once.ts";
import { decode } from "../../lib/protobuf.ts";
import { byteStream } from "./byte-stream.ts";
import { clientBlobs } from "./client-blobs.ts";
import { clientTokens } from "./client-tokens.ts";
import type { Folder } from "./folder/folder.ts";
import { MemoryStore } from "./folder/memory-store.ts";
import { listFolder, openFolder, type Selection, type Transfer } from "./folder/transfer.ts";
import type { Progress, Step } from "./progress.ts";
import type { ClientConnection } from "./sessions.ts";

/** Where a build's client has what is asked of it. */
export interface ClientFolders {
  /** Name of the folder that the Dockerfile is in. */
  dockerfile: string;
  context: string;
  /** The Dockerfile does not come out of the context. */
  apart: boolean;
  /** Path of the upload that is the context, or the upload itself; undefined: it is a folder. */
  upload: string | AsyncIterable<Uint8Array> | undefined;
}

type Wanted = Omit<WantedContext, "dockerfilePath">;

/** A client that is asked over its session, each time that something is needed. */
export class ClientSession implements BuildSession {
  /** How each transfer ends. */
  readonly #transfers: (() => Promise<void>)[] = [];
  readonly #abort = new AbortController();

  constructor(
    private readonly connection: ClientConnection,
    private readonly progress: Progress,
    private readonly places: ClientFolders,
    /** Of reading the Dockerfile, where findings in it are told too. */
    private readonly definitionStep: Step,
  ) {}

  async definition({ dockerfilePath }: Pick<WantedContext, "dockerfilePath">): Promise<ContextTexts | undefined> {
    return this.places.apart ? this.#definition(dockerfilePath) : undefined;
  }

  async context({ dockerfilePath, ...wanted }: WantedContext): Promise<SentContext> {
    const { upload, context } = this.places;
    if (upload !== undefined) return { archive: typeof upload === "string" ? this.#uploaded(upload) : upload };
    const { dockerfile, ignore: own } = await this.#definition(dockerfilePath);
    const status = "transferring context:";
    const ignore = once(
      async () => (await own()) ?? this.#ignoreFile("[internal] load .dockerignore", status, context),
    );
    return {
      dockerfile,
      ignore,
      open: async (only) =>
        this.#folder("[internal] load build context", status, context, wanted, await ignore(), only),
    };
  }

  async folder(name: string, wanted: Wanted): Promise<SourceTree> {
    const status = `transferring ${name}:`;
    const ignore = await this.#ignoreFile(`[context ${name}] load .dockerignore`, status, name);
    const files = await this.#folder(`[context ${name}] load from client`, status, name, wanted, ignore);
    return files.tree();
  }

  /** A folder as a definition names it. The transfer is told at `step`. */
  async files(name: string, selection: Selection, step: Transfer["step"], wanted: Wanted): Promise<SourceTree> {
    const files = await this.#received({ name, selection, status: `transferring ${name}:`, step }, wanted);
    const tree = await files.tree();
    // The list is all that is wanted for now: whoever takes content begins the transfer anew.
    await tree.learn?.([]);
    return tree;
  }

  async secret(id: string): Promise<Uint8Array | undefined> {
    const { client, methods } = this.connection;
    if (!methods.has(sessionPaths.getSecret)) return undefined;
    try {
      const { signal } = this.#abort;
      const { data } = await client.unary(
        sessionPaths.getSecret,
        GetSecretRequest,
        GetSecretResponse,
        { id },
        { signal },
      );
      return data;
    } catch (error) {
      if (error instanceof GrpcError && error.code === Code.notFound) return undefined;
      throw error;
    }
  }

  async agent(id: string): Promise<Dial | undefined> {
    const { client, methods } = this.connection;
    if (!methods.has(sessionPaths.checkAgent)) return undefined;
    const { signal } = this.#abort;
    try {
      await client.unary(sessionPaths.checkAgent, CheckAgentRequest, CheckAgentResponse, { id }, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof GrpcError) return undefined;
      throw error;
    }
    return (): Duplex =>
      byteStream(client.stream(sessionPaths.forwardAgent, { metadata: { "buildkit.ssh.id": id }, signal }));
  }

  async credentials(domain: string): Promise<RegistryCredentials | undefined> {
    const host = domain === "docker.io" ? "registry-1.docker.io" : domain;
    const login = () => this.#login(host);
    const token = await clientTokens(this.connection, host, this.#abort.signal);
    return token ? { keeper: { token, login } } : login();
  }

  async #login(host: string): Promise<AuthConfig | undefined> {
    const { client, methods } = this.connection;
    if (!methods.has(sessionPaths.credentials)) return undefined;
    const { signal } = this.#abort;
    const { username, secret } = await client.unary(
      sessionPaths.credentials,
      CredentialsRequest,
      CredentialsResponse,
      { host },
      { signal },
    );
    if (secret === "") return undefined;
    return username === "" ? { identitytoken: secret } : { username, password: secret };
  }

  blobs(store: ClientStore): ClientBlobs | undefined {
    return clientBlobs(this.connection, store, this.#abort.signal);
  }

  end(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** Lets the client's transfers end. Nothing is asked of it any more. */
  async close(): Promise<void> {
    await Promise.all(this.#transfers.map((end) => end()));
    this.end(new GrpcError(Code.cancelled, "the build has ended"));
  }

  /** The Dockerfile, and the ignore file that goes with it alone, where there is one. */
  async #definition(path: string): Promise<ContextTexts> {
    const base = path.slice(path.lastIndexOf("/") + 1);
    const lower = base === "Dockerfile" ? [`${path.slice(0, -base.length)}dockerfile`] : [];
    const folder = await this.#texts(this.definitionStep, "transferring dockerfile:", this.places.dockerfile, [
      path,
      `${path}.dockerignore`,
      ...lower,
    ]);
    for (const name of [path, ...lower]) {
      const dockerfile = await folder.text(name);
      if (dockerfile === undefined) continue;
      const ignore = await folder.text(`${path}.dockerignore`);
      return { dockerfile, ignore: async () => ignore };
    }
    throw invalid(`failed to read dockerfile: open ${path}: no such file or directory`);
  }

  async #ignoreFile(vertex: string, status: string, name: string): Promise<string | undefined> {
    const folder = await this.#texts(this.progress.step(vertex), status, name, [".dockerignore"]);
    return folder.text(".dockerignore");
  }

  async #texts(step: Step, status: string, name: string, followpaths: readonly string[]) {
    const { signal } = this.#abort;
    const list = await listFolder(this.connection, { name, selection: { followpaths }, status, step, signal });
    return openFolder(list, new MemoryStore(), step);
  }

  #folder(
    vertex: string,
    status: string,
    name: string,
    wanted: Wanted,
    ignore: string | undefined,
    only?: readonly string[],
  ): Promise<ContextFiles> {
    const selection: Selection = {
      "exclude-patterns": ignore === undefined ? [] : patternLines(ignore),
      followpaths: only ?? [],
    };
    return this.#received({ name, selection, status, step: this.progress.step(vertex) }, wanted);
  }

  /** Has the client list a folder, which is looked into when somebody wants more than is remembered of that list. */
  async #received(asked: Omit<Transfer, "signal">, { contents, undo }: Wanted): Promise<ContextFiles> {
    const { sharedKey, id } = this.connection;
    const key = new Bun.CryptoHasher("sha256").update(JSON.stringify([sharedKey || id, asked.name])).digest("hex");
    // Nobody comes back to the content of a client that does not say which folder it is of.
    if (sharedKey === "") undo.defer(() => contents.remove(key));
    const list = await listFolder(this.connection, { ...asked, signal: this.#abort.signal });
    const memo = contents.memo(key);
    if (sharedKey !== "") undo.defer(() => memo.close());
    const digests = memo.of(list.identity);
    if (digests.seen) list.tell(true);
    const opened = once(async () => {
      const { store } = undo.use(await contents.open(key, new Set()));
      const folder = await openFolder(list, store, asked.step);
      if (Object.values(asked.selection).every(({ length }) => length === 0)) store.keep(folder.files());
      return folder;
    });
    let folder: Promise<Folder<ContentFile>> | undefined;
    this.#transfers.push(async () => {
      const open = await folder?.catch(() => undefined);
      await (open ? open.close() : list.close(folder !== undefined));
    });
    return {
      digests,
      tree() {
        folder = opened();
        return folder;
      },
    };
  }

  /** What the client streams in place of a folder. */
  async *#uploaded(path: string): AsyncGenerator<Uint8Array> {
    const step = this.progress.step("[internal] load remote build context");
    step.start();
    yield* this.upload(path);
    step.done();
  }

  /** What the client streams by the name of a path. */
  async *upload(path: string): AsyncGenerator<Uint8Array> {
    const { client, methods } = this.connection;
    if (!methods.has(sessionPaths.pull)) throw invalid("the client offers no upload");
    const call = client.stream(sessionPaths.pull, {
      metadata: { urlpath: path, urlhost: "buildkit-session" },
      signal: this.#abort.signal,
    });
    call.end();
    for await (const message of call.messages) yield decode(BytesMessage, message).data;
  }
}
