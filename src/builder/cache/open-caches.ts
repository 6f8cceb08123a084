import type { Lease } from "../../image/collect/lease.ts";
import type { RemoteDeps } from "../../image/remote/deps.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildEvents } from "../events.ts";
import type { BuildRequest } from "../request.ts";
import { importCache } from "./import.ts";
import type { CacheSource } from "./imported.ts";
import type { CacheSpec } from "./spec.ts";

/** Opens caches that a build may take from, and tells of each; those that cannot be had are passed over. */
export async function openCaches(
  deps: BuilderDeps,
  remote: RemoteDeps,
  request: BuildRequest,
  specs: readonly CacheSpec[],
  { events, lease, signal }: { events: BuildEvents; lease: Lease; signal: AbortSignal },
): Promise<CacheSource[]> {
  const opened = specs.map(async (spec) => {
    const source = spec.attributes.get("ref") ?? spec.attributes.get("src") ?? spec.type;
    try {
      const found = await importCache(deps, remote, spec, request, lease, signal);
      events.emit({ kind: "cache", source });
      return found;
    } catch (error) {
      signal.throwIfAborted();
      events.emit({ kind: "cache", source, error: errorMessage(error) });
      return [];
    }
  });
  return (await Promise.all(opened)).flat();
}
