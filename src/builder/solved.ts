import type { Lease } from "../image/collect/lease.ts";
import type { UsedStep } from "./cache/export.ts";
import type { ImportedCaches } from "./cache/imported.ts";
import type { BuildEvents } from "./events.ts";
import type { BuildRequest } from "./request.ts";
import type { StageResult } from "./result.ts";

/** A build whose steps are done and of which nothing was made yet. */
export interface Solved {
  request: BuildRequest;
  /** What the target came to, for each platform in the order asked for. */
  results: readonly StageResult[];
  /** The steps that were done or found, by key. */
  used: ReadonlyMap<string, UsedStep>;
  imported: ImportedCaches;
  /** What was taken from outside: URI and digest. */
  materials: ReadonlyMap<string, string>;
  startedAt: Date;
  events: BuildEvents;
  /** Holds the layers of the results. */
  lease: Lease;
  signal: AbortSignal;
}
