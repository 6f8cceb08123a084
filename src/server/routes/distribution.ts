import { parseFilters } from "../../api/filters.ts";
import { answeredAs } from "../../image/remote/failure.ts";
import { inspectDistribution } from "../../image/remote/inspect.ts";
import { checkAuth } from "../../image/remote/login.ts";
import { pullImage as pull } from "../../image/remote/pull.ts";
import { pushImage } from "../../image/remote/push.ts";
import { searchImages } from "../../image/remote/search.ts";
import { forbidden, invalid } from "../../lib/errors.ts";
import type { Platform } from "../../oci/image.ts";
import { familiarName, parseReference, retagged } from "../../oci/reference.ts";
import { api } from "../compat/version.ts";
import type { ServerDeps } from "../deps.ts";
import { progress } from "../http/progress.ts";
import { json, type Reply } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { authConfig, decodeAuthHeader } from "../schema/auth.ts";
import { requireJson } from "../schema/body.ts";
import { decodePlatform } from "../schema/platform.ts";

/** The credentials that came along, as an option. */
export function authOf({ headers }: ApiRequest) {
  const auth = decodeAuthHeader(headers.get("x-registry-auth"));
  return auth ? { auth } : {};
}

async function answered<T>(question: Promise<T>): Promise<T> {
  try {
    return await question;
  } catch (error) {
    throw answeredAs(error);
  }
}

/** `POST /images/create?fromImage=…`. A reference without tag or digest means all tags. */
export function pullImage(deps: ServerDeps, request: ApiRequest, platform: Platform | undefined): Promise<Reply> {
  const { query, signal } = request;
  const name = query.get("fromImage").replace(/:$/, "");
  const tag = query.get("tag");
  const reference = tag === "" ? name : retagged(name, tag);
  const parsed = parseReference(reference);
  if (familiarName(parsed) === "scratch") throw forbidden("'scratch' is a reserved name");
  const allTags = parsed.tag === undefined && parsed.digest === undefined;
  return progress(pull(deps.remote, { reference, allTags, signal, ...(platform && { platform }), ...authOf(request) }));
}

/** `compression` is not of Docker's API: how layers made here go, where they were not compressed before. */
const push: Handler = (deps, request) => {
  const { params, query, signal, version } = request;
  const tag = query.get("tag");
  const platform = version >= api("1.46") ? query.get("platform") : "";
  const compression = query.get("compression");
  if (compression !== "" && compression !== "gzip" && compression !== "zstd")
    throw invalid(`unsupported compression ${JSON.stringify(compression)}: gzip or zstd`);
  return progress(
    pushImage(deps.remote, {
      reference: params["name"] ?? "",
      allTags: tag === "",
      signal,
      ...(tag && { tag }),
      ...authOf(request),
      ...(platform && { platform: decodePlatform(platform) }),
      ...(compression && { compression }),
    }),
  );
};

const search: Handler = async (deps, request) => {
  const { query } = request;
  const limit = query.int("limit") ?? 0;
  if (limit < 0) throw invalid("invalid limit specified");
  const filters = parseFilters(query.get("filters"));
  filters.validate(["is-official", "is-automated", "stars"]);
  const stars = Math.max(0, ...filters.integers("stars"));
  return json(
    200,
    await answered(
      searchImages(deps.remote, {
        term: query.get("term"),
        limit,
        stars,
        ...authOf(request),
        ...(filters.has("is-official") && { isOfficial: filters.matchBool("is-official", false) }),
        ...(filters.has("is-automated") && { isAutomated: filters.matchBool("is-automated", false) }),
      }),
    ),
  );
};

const login: Handler = async (deps, request) =>
  json(200, await answered(checkAuth(deps.remote, await requireJson(request, authConfig, "AuthConfig"))));

const distribution: Handler = async (deps, request) => {
  const { params, signal } = request;
  return json(
    200,
    await answered(inspectDistribution(deps.remote, params["name"] ?? "", authOf(request).auth, signal)),
  );
};

/** What the engine asks of registries for its clients: log in, search, push, look at an image without pulling it. */
export const distributionRoutes: readonly Route[] = [
  { id: "SystemAuth", method: "POST", path: "/auth", handle: login },
  { id: "ImageSearch", method: "GET", path: "/images/search", handle: search },
  { id: "ImagePush", method: "POST", path: "/images/{name:*}/push", handle: push },
  {
    id: "DistributionInspect",
    method: "GET",
    path: "/distribution/{name:*}/json",
    since: "1.30",
    handle: distribution,
  },
];
