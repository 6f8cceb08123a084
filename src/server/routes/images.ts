import { Filters, parseFilters } from "../../api/filters.ts";
import type { ProgressEvent } from "../../api/progress.ts";
import { imageAttestations } from "../../image/attestations.ts";
import { imageHistory } from "../../image/history.ts";
import { importImage } from "../../image/import.ts";
import { imageManifests } from "../../image/manifests.ts";
import { inspectImage } from "../../image/inspect.ts";
import { listImages } from "../../image/list.ts";
import { loadImages } from "../../image/load.ts";
import { pruneImages } from "../../image/prune.ts";
import { removeImage } from "../../image/remove.ts";
import { resolveImage } from "../../image/resolve.ts";
import { saveImages } from "../../image/save.ts";
import { tagImage } from "../../image/tag.ts";
import { invalid } from "../../lib/errors.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { api } from "../compat/version.ts";
import { progress } from "../http/progress.ts";
import { empty, json, stream } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { decodePlatform, decodePlatforms } from "../schema/platform.ts";
import { pullImage } from "./registry.ts";

const name = ({ params }: ApiRequest): string => params["name"] ?? "";

const list: Handler = async (ctx, { query, version }) => {
  const asked = parseFilters(query.get("filters"));
  const legacy = version < api("1.25") && !asked.has("reference") ? query.get("filter") : "";
  const filters = legacy ? new Filters([...asked.keys().map((key) => [key, asked.get(key)] as const), ["reference", [legacy]]]) : asked;
  if (version >= api("1.54") && query.bool("identity") && !query.bool("manifests")) throw invalid("conflicting options: identity requires manifests=1");
  const images = listImages(ctx.images, { all: query.bool("all"), filters, sharedSize: version >= api("1.42") && query.bool("shared-size") });
  if (version < api("1.47") || !query.bool("manifests")) return json(200, images);
  return json(200, await Promise.all(images.map(async (image) => {
    const manifests = await imageManifests(ctx.images, image.RepoTags);
    return { ...image, ...(manifests && { Manifests: manifests }) };
  })));
};

const inspect: Handler = async (ctx, request) => {
  const { query, version } = request;
  const platform = version >= api("1.49") ? query.get("platform") : "";
  if (query.bool("manifests") && platform) throw invalid("conflicting options: manifests and platform options cannot both be set");
  const image = inspectImage(ctx.images, name(request), platform ? { platform: decodePlatform(platform) } : {});
  const manifests = query.bool("manifests") ? await imageManifests(ctx.images, image.RepoTags ?? []) : undefined;
  return json(200, { ...image, ...(manifests && { Manifests: manifests }) });
};

const attestations: Handler = async (ctx, request) => {
  const platforms = decodePlatforms(request.query.all("platform").filter(Boolean));
  if (platforms.length > 1) throw invalid("only one platform value is currently supported");
  return json(200, await imageAttestations(ctx.images, name(request), {
    types: request.query.all("type").filter(Boolean), statements: request.query.bool("statement"), ...(platforms[0] && { platform: platforms[0] }),
  }));
};

const history: Handler = (ctx, request) => {
  const platform = request.version >= api("1.48") ? request.query.get("platform") : "";
  return json(200, imageHistory(ctx.images, name(request), platform ? { platform: decodePlatform(platform) } : {}));
};

const tag: Handler = (ctx, request) => {
  const { query } = request;
  if (query.get("repo") === "") throw invalid("repository name must have at least one component");
  tagImage(ctx.images, name(request), query.get("repo"), query.get("tag") || undefined);
  return empty(201);
};

const remove: Handler = async (ctx, request) => {
  const { query, version } = request;
  if (name(request).trim() === "") throw invalid("image name cannot be blank");
  const options = { force: query.bool("force"), noprune: query.bool("noprune") };
  const platforms = version >= api("1.50") ? decodePlatforms(query.all("platforms")) : [];
  // One of several platforms that the name does not show has none of its own: it goes by its id.
  const own = resolveImage(ctx.images, name(request)).id;
  const others = platforms.map((platform) => resolveImage(ctx.images, name(request), { platform }).id).filter((id) => id !== own);
  const removed = [];
  for (const id of others) removed.push(...(await removeImage(ctx.images, id, { ...options, ofSeveral: true })));
  if (platforms.length === 0 || others.length < platforms.length) removed.push(...(await removeImage(ctx.images, name(request), options)));
  return json(200, removed);
};

const prune: Handler = async (ctx, { query }) => json(200, await pruneImages(ctx.images, parseFilters(query.get("filters"))));

/** The platforms that save and load are asked for. */
function platformsOf({ query, version }: ApiRequest) {
  const platforms = version >= api("1.48") ? query.all("platform") : [];
  if (platforms.length > 1 && version < api("1.52")) throw invalid("multiple platform parameters are not supported in this API version; use API version 1.52 or later");
  return decodePlatforms(platforms);
}

const save: Handler = async (ctx, request) => {
  const names = request.params["name"] === undefined ? request.query.all("names") : [name(request)];
  return stream("application/x-tar", await saveImages(ctx.images, names, { platforms: platformsOf(request) }));
};

const load: Handler = (ctx, request) => {
  const { query, body, signal } = request;
  return progress(loadImages(ctx.images, body, { quiet: query.bool("quiet", true), signal, platforms: platformsOf(request) }));
};

/** One route for two things: an image from a registry (`fromImage`), or one made of a tarball (`fromSrc`). */
const create: Handler = (ctx, request) => {
  const { query, version, body, signal } = request;
  const platform = version >= api("1.32") && query.get("platform") ? parsePlatform(query.get("platform")) : undefined;
  if (query.get("fromImage")) return pullImage(ctx, request, platform);
  const source = query.get("fromSrc");
  return progress(importFrom(source, body, signal, (archive) => importImage(ctx.images, archive, {
    repo: query.get("repo"), tag: query.get("tag"), message: query.get("message") || `Imported from ${source}`, changes: query.all("changes"), signal,
    ...(platform && { platform }),
  })));
};

/** From the request's body (`-`) or from where a URL leads. */
async function* importFrom(source: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal, run: (archive: AsyncIterable<Uint8Array>) => AsyncIterable<ProgressEvent>): AsyncGenerator<ProgressEvent> {
  if (source === "-") return yield* run(body);
  const url = source.includes("://") ? source : `http://${source}`;
  if (!URL.canParse(url)) throw invalid(`parse ${JSON.stringify(url)}: invalid URL`);
  const response = await fetch(url, { signal });
  if (!response.ok || !response.body) throw invalid(`got HTTP status code >= 400: ${response.status} ${response.statusText}`);
  yield { status: `Downloading from ${url}` };
  yield* run(response.body);
}

export const imageRoutes: readonly Route[] = [
  { id: "ImageList", method: "GET", path: "/images/json", handle: list },
  { id: "ImageCreate", method: "POST", path: "/images/create", handle: create },
  { id: "ImageLoad", method: "POST", path: "/images/load", handle: load },
  { id: "ImageGetAll", method: "GET", path: "/images/get", handle: save },
  { id: "ImagePrune", method: "POST", path: "/images/prune", since: "1.25", handle: prune },
  { id: "ImageInspect", method: "GET", path: "/images/{name:*}/json", handle: inspect },
  { id: "ImageAttestations", method: "GET", path: "/images/{name:*}/attestations", since: "1.55", handle: attestations },
  { id: "ImageHistory", method: "GET", path: "/images/{name:*}/history", handle: history },
  { id: "ImageGet", method: "GET", path: "/images/{name:*}/get", handle: save },
  { id: "ImageTag", method: "POST", path: "/images/{name:*}/tag", handle: tag },
  { id: "ImageDelete", method: "DELETE", path: "/images/{name:*}", handle: remove },
];
