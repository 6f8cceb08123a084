/** `/images/*`, `/distribution/*`. */
import type { ProgressEvent } from "../api/progress.ts";
import type {
  DistributionInspect,
  ImageDeleteResponseItem,
  ImageHistoryResponseItem,
  ImageInspect,
  ImageSummary,
} from "../api/types/image.ts";
import type { Answer, Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { platformJson } from "./platform.ts";
import { progress } from "./progress.ts";
import { filtersJson } from "./query.ts";

const at = (image: string, rest = "") => `/images/${pathPart("image", image)}${rest}`;

/** Images on the engine. `all`: intermediate ones too; `sharedSize`, `digests`, `manifests`: ask for these fields. */
export function listImages(
  client: Client,
  options: { all?: boolean; filters?: Filters; sharedSize?: boolean; digests?: boolean; manifests?: boolean } = {},
): Promise<ImageSummary[]> {
  const { filters, sharedSize, ...query } = options;
  return client.json("GET", "/images/json", {
    query: { ...query, "shared-size": sharedSize, filters: filtersJson(filters) },
  });
}

/** Everything about one image; `platform` as `os/arch[/variant]`. Throws {@link ApiError} (404) if there is none. */
export async function inspectImage(
  client: Client,
  image: string,
  options: { platform?: string; manifests?: boolean } = {},
): Promise<ImageInspect> {
  return JSON.parse(await inspectImageRaw(client, image, options));
}

/**
 * Everything about one image, as the JSON text that the engine sent. Throws {@link ApiError} (404) if there is none.
 */
export function inspectImageRaw(
  client: Client,
  image: string,
  options: { platform?: string; manifests?: boolean } = {},
): Promise<string> {
  return client.text("GET", at(image, "/json"), {
    query: { manifests: options.manifests, platform: platformJson(options.platform) },
  });
}

/** The steps that made an image, newest first; `platform` as `os/arch[/variant]`, undefined: the engine's choice. */
export function imageHistory(client: Client, image: string, platform?: string): Promise<ImageHistoryResponseItem[]> {
  return client.json("GET", at(image, "/history"), { query: { platform: platformJson(platform) } });
}

/** Pulls `fromImage:tag`. `registryAuth` is the value of X-Registry-Auth; `platform` as typed (`linux/arm64`). */
export function pullImage(
  client: Client,
  options: { fromImage: string; tag?: string; platform?: string; registryAuth?: string; signal?: AbortSignal },
): AsyncGenerator<ProgressEvent> {
  const { fromImage, tag, platform, registryAuth, signal } = options;
  return progress(client, "POST", "/images/create", {
    query: { fromImage, tag, platform: platform?.toLowerCase() },
    headers: registryAuth ? { "X-Registry-Auth": registryAuth } : {},
    ...(signal && { signal }),
  });
}

/** Makes an image of a tarball; `body` where `fromSrc` is `-`. */
export function importImage(
  client: Client,
  options: {
    fromSrc: string;
    repo?: string;
    tag?: string;
    message?: string;
    changes?: readonly string[];
    platform?: string;
    body?: AsyncIterable<Uint8Array>;
  },
): AsyncGenerator<ProgressEvent> {
  const { body, platform, ...query } = options;
  return progress(client, "POST", "/images/create", {
    query: { ...query, platform: platform?.toLowerCase() },
    ...(body && { body }),
  });
}

/** Sends an image to its registry and yields its progress. `tag` undefined: all tags; `registryAuth`: base64 JSON. */
export function pushImage(
  client: Client,
  image: string,
  options: { tag?: string; platform?: string; compression?: string; registryAuth?: string; signal?: AbortSignal } = {},
): AsyncGenerator<ProgressEvent> {
  const { tag, platform, compression, registryAuth, signal } = options;
  return progress(client, "POST", at(image, "/push"), {
    query: { tag, platform: platformJson(platform), compression },
    // The engine wants the header even where there are no credentials.
    headers: { "X-Registry-Auth": registryAuth ?? "e30=" },
    ...(signal && { signal }),
  });
}

/** Names an image `repo:tag` as well. The name is taken from another image that has it. */
export async function tagImage(client: Client, image: string, repo: string, tag: string): Promise<void> {
  await client.text("POST", at(image, "/tag"), { query: { repo, tag } });
}

/**
 * Takes away a name, or the image itself where it was the last; the answer lists what went. `force`: also by id where
 * it has several names; `noPrune`: keep parents without names.
 */
export function removeImage(
  client: Client,
  image: string,
  options: { force?: boolean; noPrune?: boolean; platforms?: readonly string[] } = {},
): Promise<ImageDeleteResponseItem[]> {
  const { force, noPrune, platforms } = options;
  return client.json("DELETE", at(image), {
    query: { force, noprune: noPrune, platforms: platforms?.map((one) => platformJson(one) ?? "") },
  });
}

/** Deletes images that nothing uses, of those the filters let through. `ImagesDeleted` null: none; space in bytes. */
export function pruneImages(
  client: Client,
  filters?: Filters,
): Promise<{ ImagesDeleted: ImageDeleteResponseItem[] | null; SpaceReclaimed: number }> {
  return client.json("POST", "/images/prune", { query: { filters: filtersJson(filters) } });
}

/** The body is a tar archive of the images. */
export function saveImages(
  client: Client,
  names: readonly string[],
  platforms: readonly string[] = [],
): Promise<Answer> {
  return client.stream("GET", "/images/get", {
    query: { names, platform: platforms.map((one) => platformJson(one) ?? "") },
  });
}

/** Progress events as the engine sends them; where it answers plain text, that text as one `stream` event. */
export function loadImages(
  client: Client,
  body: AsyncIterable<Uint8Array>,
  options: { quiet?: boolean; platforms?: readonly string[] } = {},
): AsyncGenerator<ProgressEvent> {
  const { quiet, platforms = [] } = options;
  return progress(client, "POST", "/images/load", {
    query: { quiet, platform: platforms.map((one) => platformJson(one) ?? "") },
    headers: { "Content-Type": "application/x-tar" },
    body,
  });
}

/** One repository found by `GET /images/search`; the fields are Docker Hub's. */
export interface SearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
  is_automated?: boolean;
}

/**
 * Searches a registry for repositories (Docker Hub where `term` names none). `limit` undefined: the engine's choice.
 */
export function searchImages(
  client: Client,
  term: string,
  options: { limit?: number; filters?: Filters; registryAuth?: string } = {},
): Promise<SearchResult[]> {
  const { limit, filters, registryAuth } = options;
  return client.json("GET", "/images/search", {
    query: { term, limit, filters: filtersJson(filters) },
    headers: registryAuth ? { "X-Registry-Auth": registryAuth } : {},
  });
}

/** What a registry has under an image's name: its descriptor and platforms. Nothing is pulled. */
export function inspectDistribution(
  client: Client,
  image: string,
  registryAuth?: string,
): Promise<DistributionInspect> {
  return client.json("GET", `/distribution/${pathPart("image", image)}/json`, {
    headers: registryAuth ? { "X-Registry-Auth": registryAuth } : {},
  });
}
