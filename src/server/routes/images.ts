import { parseFilters } from "../../api/filters.ts";
import type { ProgressEvent } from "../../api/progress.ts";
import { fetchArchive } from "../../image/archive/fetch-archive.ts";
import { importImage } from "../../image/archive/import.ts";
import { loadImages } from "../../image/archive/load.ts";
import { saveImages } from "../../image/archive/save.ts";
import { pruneImages } from "../../image/collect/prune.ts";
import { imageAttestations } from "../../image/index/attestations.ts";
import { imageManifests } from "../../image/index/manifests.ts";
import { removeImage } from "../../image/remove.ts";
import { resolveImage } from "../../image/resolve.ts";
import { tagImage, targetReference } from "../../image/tag.ts";
import { imageHistory } from "../../image/view/history.ts";
import { inspectImage } from "../../image/view/inspect.ts";
import { listImages } from "../../image/view/list.ts";
import { invalid } from "../../lib/errors.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { api } from "../compat/version.ts";
import { begunProgress, progress } from "../http/progress.ts";
import { empty, json, stream } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { decodePlatform, decodePlatforms } from "../schema/platform.ts";
import { pullImage } from "./distribution.ts";

const name = ({ params }: ApiRequest): string => params["name"] ?? "";

const list: Handler = async (deps, { query, version }) => {
  const asked = parseFilters(query.get("filters"));
  const legacy = version < api("1.25") && !asked.has("reference") ? query.get("filter") : "";
  const filters = legacy ? asked.with("reference", [legacy]) : asked;
  if (version >= api("1.54") && query.bool("identity") && !query.bool("manifests"))
    throw invalid("conflicting options: identity requires manifests=1");
  const images = listImages(deps.images, {
    all: query.bool("all"),
    filters,
    sharedSize: version >= api("1.42") && query.bool("shared-size"),
  });
  if (version < api("1.47") || !query.bool("manifests")) return json(200, images);
  return json(
    200,
    await Promise.all(
      images.map(async (image) => {
        const manifests = await imageManifests(deps.images, image.RepoTags);
        return { ...image, ...(manifests && { Manifests: manifests }) };
      }),
    ),
  );
};

const inspect: Handler = async (deps, request) => {
  const { query, version } = request;
  const platform = version >= api("1.49") ? query.get("platform") : "";
  if (query.bool("manifests") && platform)
    throw invalid("conflicting options: manifests and platform options cannot both be set");
  const image = inspectImage(deps.images, name(request), platform ? { platform: decodePlatform(platform) } : {});
  const manifests = query.bool("manifests") ? await imageManifests(deps.images, image.RepoTags ?? []) : undefined;
  return json(200, { ...image, ...(manifests && { Manifests: manifests }) });
};

const attestations: Handler = async (deps, request) => {
  const platforms = decodePlatforms(request.query.all("platform").filter(Boolean));
  if (platforms.length > 1) throw invalid("only one platform value is currently supported");
  return json(
    200,
    await imageAttestations(deps.images, name(request), {
      types: request.query.all("type").filter(Boolean),
      statements: request.query.bool("statement"),
      ...(platforms[0] && { platform: platforms[0] }),
    }),
  );
};

const history: Handler = (deps, request) => {
  const platform = request.version >= api("1.48") ? request.query.get("platform") : "";
  return json(200, imageHistory(deps.images, name(request), platform ? { platform: decodePlatform(platform) } : {}));
};

const tag: Handler = (deps, request) => {
  const { query } = request;
  if (query.get("repo") === "") throw invalid("repository name must have at least one component");
  tagImage(deps.images, name(request), query.get("repo"), query.get("tag") || undefined);
  return empty(201);
};

const remove: Handler = async (deps, request) => {
  const { query, version } = request;
  if (name(request).trim() === "") throw invalid("image name cannot be blank");
  const options = { force: query.bool("force"), noprune: query.bool("noprune") };
  const platforms = version >= api("1.50") ? decodePlatforms(query.all("platforms")) : [];
  // One of several platforms that the name does not show has none of its own: it goes by its id.
  const own = resolveImage(deps.images, name(request)).id;
  const others = platforms
    .map((platform) => resolveImage(deps.images, name(request), { platform }).id)
    .filter((id) => id !== own);
  const removed = [];
  for (const id of others) removed.push(...(await removeImage(deps.images, id, { ...options, ofSeveral: true })));
  if (platforms.length === 0 || others.length < platforms.length)
    removed.push(...(await removeImage(deps.images, name(request), options)));
  return json(200, removed);
};

const prune: Handler = async (deps, { query }) =>
  json(200, await pruneImages(deps.images, parseFilters(query.get("filters"))));

/** The platforms that save and load are asked for. */
function platformsOf({ query, version }: ApiRequest) {
  const platforms = version >= api("1.48") ? query.all("platform") : [];
  if (platforms.length > 1 && version < api("1.52"))
    throw invalid("multiple platform parameters are not supported in this API version; use API version 1.52 or later");
  return decodePlatforms(platforms);
}

const save: Handler = async (deps, request) => {
  const names = request.params["name"] === undefined ? request.query.all("names") : [name(request)];
  return stream(
    "application/x-tar",
    await saveImages(deps.images, names, { platforms: platformsOf(request), signal: request.signal }),
  );
};

const load: Handler = (deps, request) => {
  const { query, body, signal } = request;
  return begunProgress(
    loadImages(deps.images, body, { quiet: query.bool("quiet", true), signal, platforms: platformsOf(request) }),
  );
};

/** One route for two things: an image from a registry (`fromImage`), or one made of a tarball (`fromSrc`). */
const create: Handler = (deps, request) => {
  const { query, version, body, signal } = request;
  const platform = version >= api("1.32") && query.get("platform") ? parsePlatform(query.get("platform")) : undefined;
  if (query.get("fromImage")) return pullImage(deps, request, platform);
  const source = query.get("fromSrc");
  const target = query.get("repo") === "" ? undefined : targetReference(query.get("repo"), query.get("tag"));
  return progress(
    importFrom(source, body, signal, (archive) =>
      importImage(deps.images, archive, {
        message: query.get("message") || `Imported from ${source}`,
        changes: query.all("changes"),
        signal,
        ...(platform && { platform }),
        ...(target && { name: target }),
      }),
    ),
  );
};

/** From the request's body (`-`) or from where a URL leads. */
async function* importFrom(
  source: string,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  run: (archive: AsyncIterable<Uint8Array>) => AsyncIterable<ProgressEvent>,
): AsyncGenerator<ProgressEvent> {
  if (source === "-") return yield* run(body);
  const { url, archive } = await fetchArchive(source, signal);
  yield { status: `Downloading from ${url}` };
  yield* run(archive);
}

/** `/images`, but for push and search, which are in distribution.ts. */
export const imageRoutes: readonly Route[] = [
  { id: "ImageList", method: "GET", path: "/images/json", handle: list },
  { id: "ImageCreate", method: "POST", path: "/images/create", handle: create },
  { id: "ImageLoad", method: "POST", path: "/images/load", handle: load },
  { id: "ImageGetAll", method: "GET", path: "/images/get", handle: save },
  { id: "ImagePrune", method: "POST", path: "/images/prune", since: "1.25", handle: prune },
  { id: "ImageInspect", method: "GET", path: "/images/{name:*}/json", handle: inspect },
  {
    id: "ImageAttestations",
    method: "GET",
    path: "/images/{name:*}/attestations",
    since: "1.55",
    handle: attestations,
  },
  { id: "ImageHistory", method: "GET", path: "/images/{name:*}/history", handle: history },
  { id: "ImageGet", method: "GET", path: "/images/{name:*}/get", handle: save },
  { id: "ImageTag", method: "POST", path: "/images/{name:*}/tag", handle: tag },
  { id: "ImageDelete", method: "DELETE", path: "/images/{name:*}", handle: remove },
];
