/** `/build`, `/build/prune`. */
import { type ContextIndex, contextIndexType } from "../api/build-context.ts";
import type { ProgressEvent } from "../api/progress.ts";
import { newId } from "../lib/ids.ts";
import type { Client, RequestOptions } from "./client.ts";
import type { Filters } from "./containers.ts";
import { ApiError } from "./errors.ts";
import { progress } from "./progress.ts";
import { filtersJson, type QueryValue } from "./query.ts";

/**
 * Builds from a tar stream (or from `query.remote`). `query` holds the endpoint's parameters verbatim; `registryConfig`
 * is the value of X-Registry-Config.
 */
export function buildImage(
  client: Client,
  query: Readonly<Record<string, QueryValue>>,
  options: BuildOptions = {},
): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", "/build", request(query, options));
}

/**
 * Builds from an index; `content` gives what the engine then asks for. Only for engines that answer
 * {@link Client.isBerth}. A file that cannot be sent ends the build.
 */
export async function* buildFromIndex(
  client: Client,
  query: Readonly<Record<string, QueryValue>>,
  index: ContextIndex,
  content: (entries: readonly number[]) => AsyncIterable<Uint8Array>,
  options: Omit<BuildOptions, "context"> = {},
): AsyncGenerator<ProgressEvent> {
  const buildid = newId();
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const { headers, ...rest } = request({ ...query, buildid }, { ...options, signal });
  const body = async function* () {
    yield new TextEncoder().encode(JSON.stringify(index));
  };
  for await (const event of progress(client, "POST", "/build", {
    ...rest,
    headers: { ...headers, "Content-Type": contextIndexType },
    body: body(),
  })) {
    const wanted = neededOf(event);
    if (!wanted) yield event;
    // The build's own answer tells what the engine found wrong with it; here only what kept it from being sent counts.
    else
      void client
        .text("POST", "/build/content", { query: { buildid }, body: content(wanted), signal })
        .catch((error: unknown) => {
          if (!(error instanceof ApiError)) failed.abort(error);
        });
  }
}

/** The entries that a `need` event asks for. */
function neededOf({ id, aux }: ProgressEvent): number[] | undefined {
  if (
    id !== "berth.build" ||
    typeof aux !== "object" ||
    aux === null ||
    !("kind" in aux) ||
    aux.kind !== "need" ||
    !("entries" in aux) ||
    !Array.isArray(aux.entries)
  )
    return undefined;
  return aux.entries.filter((each): each is number => typeof each === "number");
}

/** What goes with a build besides its query: `context` is a tar archive; without it the engine gets no body. */
export interface BuildOptions {
  context?: AsyncIterable<Uint8Array>;
  /** Value of X-Registry-Config. */
  registryConfig?: string;
  /** By id, base64. They travel in a header, since a query stands in logs. */
  secrets?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

function request(
  query: Readonly<Record<string, QueryValue>>,
  { context, registryConfig, secrets = {}, signal }: BuildOptions,
): RequestOptions {
  return {
    query,
    headers: {
      "Content-Type": "application/x-tar",
      ...(registryConfig && { "X-Registry-Config": registryConfig }),
      ...(Object.keys(secrets).length > 0 && {
        "X-Berth-Secrets": Buffer.from(JSON.stringify(secrets)).toString("base64"),
      }),
    },
    ...(context && { body: context }),
    ...(signal && { signal }),
  };
}

/** A finding of the Dockerfile's checks (`docker build --check`); `Line` counts from 1. */
export interface Finding {
  Rule: string;
  Message: string;
  Line: number;
  File: string;
  /** The lines around it. */
  Source: string;
}

/** What the engine finds in a Dockerfile (`query.check`), or its stages (`query.graph`), without building. */
export async function checkBuild(
  client: Client,
  query: Readonly<Record<string, QueryValue>>,
  options: BuildOptions = {},
): Promise<{ graph?: string; findings: Finding[] }> {
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

/**
 * Deletes build cache. The three limits are in bytes; undefined and 0: no limit. `CachesDeleted` holds ids; null: none.
 */
export function pruneBuildCache(
  client: Client,
  options: {
    all?: boolean;
    filters?: Filters;
    reservedSpace?: number;
    maxUsedSpace?: number;
    minFreeSpace?: number;
  } = {},
): Promise<{ CachesDeleted?: string[] | null; SpaceReclaimed: number }> {
  const { all, filters, reservedSpace, maxUsedSpace, minFreeSpace } = options;
  const size = (bytes: number | undefined) => bytes || undefined;
  return client.json("POST", "/build/prune", {
    query: {
      all,
      filters: filtersJson(filters),
      "reserved-space": size(reservedSpace),
      "max-used-space": size(maxUsedSpace),
      "min-free-space": size(minFreeSpace),
    },
  });
}
