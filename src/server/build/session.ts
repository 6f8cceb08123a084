import { connect } from "node:net";
import { contextIndexType } from "../../api/build-context.ts";
import { map } from "../../api/schema/schema.ts";
import type { AuthConfig } from "../../api/types/system.ts";
import type { BuildSession, Dial, SentContext, WantedContext } from "../../builder/session/session.ts";
import { IndexedContext } from "../../builder/source/indexed-context.ts";
import { invalid } from "../../lib/errors.ts";
import { parseJson } from "../../lib/parse-json.ts";
import type { ApiRequest } from "../http/router.ts";
import { authConfig } from "../schema/auth.ts";
import { readContextIndex } from "./context-index.ts";
import { mapOf, parseValue } from "./query-values.ts";
import { RequestedContent } from "./requested-content.ts";

/** An index of two million files with long names. */
const maxIndexBytes = 512 * 1024 * 1024;

/**
 * The client of a `POST /build`: its secrets and credentials are in the request's headers, agents are sockets of this
 * machine that the query names, the context is the body. Content of an index comes by `POST /build/content`.
 */
export class RequestSession implements BuildSession {
  readonly #secrets: ReadonlyMap<string, Uint8Array>;
  /** By id: path of a socket. */
  readonly #agents: ReadonlyMap<string, string>;
  readonly #credentials: ReadonlyMap<string, AuthConfig>;
  #requested: RequestedContent | undefined;

  /** Throws `invalid` for headers and parameters that cannot be read. */
  constructor(
    private readonly request: Pick<ApiRequest, "query" | "headers"> & {
      body: AsyncIterable<Uint8Array> & Pick<ApiRequest["body"], "bytes">;
    },
  ) {
    const { query, headers } = request;
    this.#secrets = readSecrets(headers.get("x-berth-secrets"));
    this.#agents = new Map(Object.entries(mapOf(query.get("ssh"), "ssh")));
    this.#credentials = registryConfig(headers.get("x-registry-config"));
  }

  /** Ids of all that it has. */
  get offered(): { secrets: string[]; agents: string[] } {
    return { secrets: [...this.#secrets.keys()], agents: [...this.#agents.keys()] };
  }

  /** What was asked of the context; undefined where it came as a whole, or has not been asked for. */
  get requested(): RequestedContent | undefined {
    return this.#requested;
  }

  async context({ contents, undo }: WantedContext): Promise<SentContext> {
    const { headers, body } = this.request;
    if (headers.get("content-type") !== contextIndexType) return { archive: body };
    const { source, dockerfile, ignore, entries } = readContextIndex(await body.bytes(maxIndexBytes));
    const live = new Set(entries.flatMap((entry) => entry.digest ?? []));
    const { store } = undo.use(await contents.open(source, live));
    this.#requested = new RequestedContent(store);
    return { files: new IndexedContext(entries, store, this.#requested), dockerfile, ignore: async () => ignore };
  }

  async definition(): Promise<undefined> {
    return undefined;
  }

  async folder(name: string): Promise<never> {
    throw invalid(`unsupported build context local:${name}: clients of this API send folders with the context`);
  }

  async secret(id: string): Promise<Uint8Array | undefined> {
    return this.#secrets.get(id);
  }

  async agent(id: string): Promise<Dial | undefined> {
    const path = this.#agents.get(id);
    return path === undefined ? undefined : () => connect({ path, allowHalfOpen: true });
  }

  async credentials(domain: string): Promise<AuthConfig | undefined> {
    const known = this.#credentials;
    return known.get(domain) ?? (domain === "docker.io" ? known.get("https://index.docker.io/v1/") : undefined);
  }

  blobs(): undefined {
    return undefined;
  }

  end(reason: unknown): void {
    this.#requested?.fail(reason);
  }
}

/** Credentials by registry, from the header that Docker's clients send. What cannot be read is none. */
function registryConfig(header: string | undefined): Map<string, AuthConfig> {
  if (!header) return new Map();
  try {
    return new Map(
      Object.entries(map(authConfig)(parseJson(Buffer.from(header, "base64url").toString("utf8")), "AuthConfigs")),
    );
  } catch {
    return new Map();
  }
}

/** Secrets by id come in a header, base64 of JSON of base64: a query would stand in logs. */
function readSecrets(header: string | undefined): Map<string, Uint8Array> {
  if (!header) return new Map();
  const value = parseValue(Buffer.from(header, "base64").toString("utf8"), "secrets");
  if (typeof value !== "object" || value === null) throw invalid("error parsing secrets: it should be a JSON object");
  return new Map(
    Object.entries(value).map(([id, content]) => [id, new Uint8Array(Buffer.from(String(content), "base64"))]),
  );
}
