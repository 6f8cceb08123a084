import { parseFilters } from "../../api/filters.ts";
import { inspectDistribution } from "../../image/remote/inspect.ts";
import { checkAuth } from "../../image/remote/login.ts";
import { pullImage as pull } from "../../image/remote/pull.ts";
import { pushImage } from "../../image/remote/push.ts";
import { searchImages } from "../../image/remote/search.ts";
import { forbidden, invalid } from "../../lib/errors.ts";
import type { Platform } from "../../oci/image.ts";
import { familiarName, parseReference } from "../../oci/reference.ts";
import type { ServerContext } from "../context.ts";
import { api } from "../compat/version.ts";
import { progress } from "../http/progress.ts";
import { json, type Reply } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { authConfig, decodeAuthHeader } from "../schema/auth.ts";
import { decodePlatform } from "../schema/platform.ts";
import { requireJson } from "../schema/body.ts";

/** The credentials that came along, as an option. */
function authOf({ headers }: ApiRequest) {
  const auth = decodeAuthHeader(headers.get("x-registry-auth"));
  return auth ? { auth } : {};
}

/** `POST /images/create?fromImage=…`. A reference without tag or digest means all tags. */
export function pullImage(ctx: ServerContext, request: ApiRequest, platform: Platform | undefined): Promise<Reply> {
  const { query, signal } = request;
  const name = query.get("fromImage").replace(/:$/, "");
  const tag = query.get("tag");
  const reference = tag === "" ? name : /^[a-z0-9+.-]+:[0-9a-fA-F]{32,}$/.test(tag) ? `${name}@${tag}` : `${name}:${tag}`;
  const parsed = parseReference(reference);
  if (familiarName(parsed) === "scratch") throw forbidden("'scratch' is a reserved name");
  const allTags = parsed.tag === undefined && parsed.digest === undefined;
  return progress(pull(ctx.remote, { reference, allTags, signal, ...(platform && { platform }), ...authOf(request) }));
}

const push: Handler = (ctx, request) => {
  const { params, query, signal, version } = request;
  const tag = query.get("tag");
  const platform = version >= api("1.46") ? query.get("platform") : "";
  return progress(pushImage(ctx.remote, { reference: params["name"] ?? "", allTags: tag === "", signal, ...(tag && { tag }), ...(platform && { platform: decodePlatform(platform) }), ...authOf(request) }));
};

const search: Handler = async (ctx, request) => {
  const { query } = request;
  const limit = query.int("limit") ?? 0;
  if (limit < 0) throw invalid("invalid limit specified");
  const filters = parseFilters(query.get("filters"));
  filters.validate(["is-official", "is-automated", "stars"]);
  const stars = Math.max(0, ...filters.get("stars").map((text) => {
    if (!/^\d+$/.test(text)) throw invalid(`invalid filter 'stars=[${filters.get("stars").join(" ")}]'`);
    return Number(text);
  }));
  return json(200, await searchImages(ctx.remote, {
    term: query.get("term"), limit, stars, ...authOf(request),
    ...(filters.has("is-official") && { isOfficial: filters.matchBool("is-official", false) }),
    ...(filters.has("is-automated") && { isAutomated: filters.matchBool("is-automated", false) }),
  }));
};

const login: Handler = async (ctx, request) => json(200, await checkAuth(ctx.remote, await requireJson(request, authConfig, "AuthConfig")));

const distribution: Handler = async (ctx, request) => {
  const { params, signal } = request;
  return json(200, await inspectDistribution(ctx.remote, params["name"] ?? "", authOf(request).auth, signal));
};

export const registryRoutes: readonly Route[] = [
  { id: "SystemAuth", method: "POST", path: "/auth", handle: login },
  { id: "ImageSearch", method: "GET", path: "/images/search", handle: search },
  { id: "ImagePush", method: "POST", path: "/images/{name:*}/push", handle: push },
  { id: "DistributionInspect", method: "GET", path: "/distribution/{name:*}/json", since: "1.30", handle: distribution },
];
