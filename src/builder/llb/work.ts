import type { Lease } from "../../image/collect/lease.ts";
import type { RemoteDeps } from "../../image/remote/deps.ts";
import type { Semaphore } from "../../lib/lock.ts";
import type { UsedStep } from "../cache/export.ts";
import type { ImportedCaches } from "../cache/imported.ts";
import type { BuilderDeps } from "../deps.ts";
import type { StageResult } from "../result.ts";
import type { ClientBlobs } from "../session/client-blobs.ts";
import type { BuildSession } from "../session/session.ts";
import type { SourceTree } from "../source/tree.ts";
import type { FailedCommands } from "../steps/failed-commands.ts";
import type { Vertex } from "./graph.ts";

/** What an operation gives: a root filesystem in layers, or files that lie elsewhere and were not made layers yet. */
export type Output = { layers: StageResult } | { files: SourceTree };

/** A vertex as the client is told of it. */
export interface Told {
  announce(): void;
  start(): void;
  /** `cached`: it had not to be done. */
  done(as?: { cached?: boolean }): void;
  fail(error: string): void;
  status(id: string, as?: { name?: string; current?: number; total?: number; done?: boolean }): void;
  output(stream: 1 | 2, data: Uint8Array): Promise<void>;
}

/** A folder of a client, as a `local://` names it. */
export interface WantedFiles {
  name: string;
  /** Of another client than the build's own, by the id of its session. */
  session: string | undefined;
  include: readonly string[];
  exclude: readonly string[];
  /** Of these and what they lead to. */
  follow: readonly string[];
}

/** What a definition asks of the client. */
export interface LlbClient extends Pick<BuildSession, "secret" | "agent" | "credentials"> {
  /** The transfer tells of itself at the vertex. */
  files(wanted: WantedFiles, told: Told): Promise<SourceTree>;
  /** An OCI layout, by its name; of another client than the build's own, by the id of its session. */
  layout(name: string, session?: string): Promise<ClientBlobs | undefined>;
  /** What the client streams where a URL of `buildkit-session` leads. */
  upload(path: string): AsyncIterable<Uint8Array>;
}

/** All that definitions of one build are solved with. */
export interface LlbWork {
  deps: BuilderDeps;
  remote: RemoteDeps;
  client: LlbClient;
  /** Holds the layers until the build has ended. */
  lease: Lease;
  imported: ImportedCaches;
  /** The steps that were done or found, by key. */
  used: Map<string, UsedStep>;
  /** What was taken from outside: URI and digest. */
  materials: Map<string, string>;
  /** Entitlements: `security.insecure`, `network.host`. */
  allow: ReadonlySet<string>;
  epoch: number | undefined;
  /** Keeps what commands left that failed. */
  failures: FailedCommands;
  signal: AbortSignal;
  /** How what was opened for it goes again. */
  undo: AsyncDisposableStack;
  /** Of downloads and clones that run at once. */
  fetches: Semaphore;
  tell(vertex: Vertex): Told;
  /** What an earlier solution of a frontend came to, by the id that stands in a definition. */
  held(id: string): Promise<StageResult>;
}
