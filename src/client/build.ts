/** `/build`, `/build/prune`. */
import type { ProgressEvent } from "../api/progress.ts";
import type { Client, RequestOptions } from "./client.ts";
import type { Filters } from "./containers.ts";
import { progress } from "./progress.ts";
import { filtersJson, type QueryValue } from "./query.ts";

/** Builds from a tar stream (or from `query.remote`). `query` holds the endpoint's parameters verbatim; `registryConfig` is the value of X-Registry-Config. */
export function buildImage(client: Client, query: Readonly<Record<string, QueryValue>>, options: BuildOptions = {}): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", "/build", request(query, options));
}

export interface BuildOptions {
  context?: AsyncIterable<Uint8Array>;
  /** Value of X-Registry-Config. */
  registryConfig?: string;
  /** By id, base64. They travel in a header, since a query stands in logs. */
  secrets?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

function request(query: Readonly<Record<string, QueryValue>>, { context, registryConfig, secrets = {}, signal }: BuildOptions): RequestOptions {
  return {
    query,
    headers: {
      "Content-Type": "application/x-tar", ...(registryConfig && { "X-Registry-Config": registryConfig }),
      ...(Object.keys(secrets).length > 0 && { "X-Berth-Secrets": Buffer.from(JSON.stringify(secrets)).toString("base64") }),
    },
    ...(context && { body: context }),
    ...(signal && { signal }),
  };
}

export interface Finding {
  Rule: string;
  Message: string;
  Line: number;
  File: string;
  /** The lines around it. */
  Source: string;
}

/** What the engine finds in a Dockerfile (`query.check`), or its stages (`query.graph`), without building. */
export async function checkBuild(client: Client, query: Readonly<Record<string, QueryValue>>, options: BuildOptions = {}): Promise<{ graph?: string; findings: Finding[] }> {
  const answer = await client.json<Finding[] | { Graph: string }>("POST", "/build", request(query, options));
  return Array.isArray(answer) ? { findings: answer } : { graph: answer.Graph, findings: [] };
}

/** The root filesystem of an image, exactly as it was built. */
export async function imageRootfs(client: Client, image: string): Promise<AsyncIterable<Uint8Array>> {
  const { body } = await client.stream("GET", "/build/rootfs", { query: { image } });
  return body;
}

/** A cache that a build exported, as the archive of an OCI layout. */
export async function exportedCache(client: Client, digest: string, tag: string): Promise<AsyncIterable<Uint8Array>> {
  const { body } = await client.stream("GET", "/build/cache", { query: { digest, tag } });
  return body;
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
