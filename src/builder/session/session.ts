import type { Duplex } from "node:stream";
import type { RegistryCredentials } from "../../image/remote/credentials.ts";
import type { ContentStores } from "../source/content-store.ts";
import type { ContextFiles } from "../source/context-files.ts";
import type { SourceTree } from "../source/tree.ts";
import type { ClientBlobs, ClientStore } from "./client-blobs.ts";

/**
 * What a build asks of the client that it is for, while it goes on. One implementation has it all from the headers and
 * bodies of HTTP requests (`server/build/session.ts`); another may go and ask the client each time, as BuildKit's
 * sessions do. So every answer is awaited, nothing can be listed, and a call rejects where the client is gone.
 */
export interface BuildSession {
  /** The build context, where the client has it. Asked for once. */
  context(wanted: WantedContext): Promise<SentContext>;
  /** The Dockerfile, where the client has it apart from a context that is elsewhere. */
  definition(wanted: Pick<WantedContext, "dockerfilePath">): Promise<ContextTexts | undefined>;
  /** A further folder of the client, by the name that a named context gives it (`local:NAME`). */
  folder(name: string, wanted: Omit<WantedContext, "dockerfilePath">): Promise<SourceTree>;
  /** A secret's bytes. They reach no layer, cache key, history or log. Undefined: the client has none of that id. */
  secret(id: string): Promise<Uint8Array | undefined>;
  /** Opens connections to an agent of the client, one each time. Undefined: the client offers none of that id. */
  agent(id: string): Promise<Dial | undefined>;
  /** For a registry, by its domain as references have it. Undefined: none. */
  credentials(domain: string): Promise<RegistryCredentials | undefined>;
  /** A store of blobs that the client has. Undefined: it has none. */
  blobs(store: ClientStore): ClientBlobs | undefined;
  /** The build is over: whoever still waits for something of the client is told why. */
  end(reason: unknown): void;
}

/** What it takes to get a build's context. */
export interface WantedContext {
  /** Where the Dockerfile is, for clients that send it apart. */
  dockerfilePath: string;
  /** Where content of the same folder may be from an earlier build. */
  contents: ContentStores;
  /** How what was opened for it goes again. */
  undo: AsyncDisposableStack;
}

/**
 * A context as it comes: a tar stream (packed or not) with the Dockerfile in it, from which is left out what its ignore
 * file says; or files whose content the client is asked for when somebody reads them, with the texts of both; or the
 * texts alone, and a way to the files for the first step that takes any.
 */
export type SentContext =
  | { archive: AsyncIterable<Uint8Array> }
  | ({ files: SourceTree } & ContextTexts)
  | ({ open: OpenContext } & ContextTexts);

/**
 * Gets the files. `only`: paths and patterns of those that will be looked at, with what is below them and where links
 * in them lead; undefined: all.
 */
export type OpenContext = (only?: readonly string[]) => Promise<ContextFiles>;

/** What a context says of itself. */
export interface ContextTexts {
  dockerfile: string;
  /** Of the ignore file, which is heeded without anybody's asking for it. */
  ignore: () => Promise<string | undefined>;
}

/** Both ends of a connection close on their own. */
export type Dial = () => Duplex;
