/** `/build`, `/build/prune`. */
import type { ProgressEvent } from "../api/progress.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { progress } from "./progress.ts";
import { filtersJson, type QueryValue } from "./query.ts";

/** Builds from a tar stream (or from `query.remote`). `query` holds the endpoint's parameters verbatim; `registryConfig` is the value of X-Registry-Config. */
export function buildImage(client: Client, query: Readonly<Record<string, QueryValue>>, options: { context?: AsyncIterable<Uint8Array>; registryConfig?: string; signal?: AbortSignal } = {}): AsyncGenerator<ProgressEvent> {
  const { context, registryConfig, signal } = options;
  return progress(client, "POST", "/build", {
    query,
    headers: { "Content-Type": "application/x-tar", ...(registryConfig && { "X-Registry-Config": registryConfig }) },
    ...(context && { body: context }),
    ...(signal && { signal }),
  });
}

export function pruneBuildCache(
  client: Client,
  options: { all?: boolean; filters?: Filters; reservedSpace?: number; maxUsedSpace?: number; minFreeSpace?: number } = {},
): Promise<{ CachesDeleted?: string[] | null; SpaceReclaimed: number }> {
  const { all, filters, reservedSpace, maxUsedSpace, minFreeSpace } = options;
  const size = (bytes: number | undefined) => bytes || undefined;
  return client.json("POST", "/build/prune", {
    query: { all, filters: filtersJson(filters), "reserved-space": size(reservedSpace), "max-used-space": size(maxUsedSpace), "min-free-space": size(minFreeSpace) },
  });
}
