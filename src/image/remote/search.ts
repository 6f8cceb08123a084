import type { AuthConfig } from "../../api/types/system.ts";
import { invalid, notFound } from "../../lib/errors.ts";
import { endpoints, type Endpoint } from "./endpoints.ts";
import { onEndpoint } from "./on-endpoint.ts";
import type { RemoteContext } from "./remote-context.ts";

export interface SearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
  is_automated: boolean;
}

export interface SearchRequest {
  /** `nginx`, `host/nginx`. */
  term: string;
  limit: number;
  isOfficial?: boolean;
  isAutomated?: boolean;
  stars?: number;
  auth?: AuthConfig;
}

const searchScope = "registry:catalog:search";

/** `docker search`: the version 1 search of Docker Hub, or of a registry that has one. */
export async function searchImages(ctx: RemoteContext, request: SearchRequest): Promise<SearchResult[]> {
  const { limit } = request;
  if (limit !== 0 && (limit < 1 || limit > 100)) throw invalid(`limit ${limit} is outside the range of [1, 100]`);
  if (/^https?:\/\//.test(request.term)) throw invalid(`invalid repository name "${request.term}": registry names should not contain a scheme`);
  const slash = request.term.indexOf("/");
  const head = slash < 0 ? "" : request.term.slice(0, slash);
  const named = /[.:]/.test(head) || head === "localhost";
  const domain = named ? head : "docker.io";
  const term = named ? request.term.slice(slash + 1) : request.term.replace(/^library\//, "");
  const places: Endpoint[] = domain === "docker.io"
    ? endpoints("docker.io", ctx.config(), "push").map((place) => ({ ...place, url: place.url.replace("registry-1.docker.io", "index.docker.io") }))
    : endpoints(domain, ctx.config(), "push");
  return onEndpoint(ctx, places, request.auth, async (client) => {
    // The search answers everybody: who asks first what the registry wants to know of him sees his own as well.
    if (named && request.auth?.username) await (await client.call("/v2/", searchScope, { accept: [403, 404] })).body?.cancel();
    const response = await client.call(`/v1/search?${new URLSearchParams({ q: term, n: String(limit || 25) })}`, searchScope, { headers: { "x-docker-token": "true" }, accept: [404] });
    if (response.status === 404) throw notFound("Unexpected status code 404");
    return read(await response.json()).filter((each) =>
      (request.isOfficial === undefined || each.is_official === request.isOfficial)
      && (request.isAutomated === undefined || each.is_automated === request.isAutomated) && each.star_count >= (request.stars ?? 0));
  });
}

function read(body: unknown): SearchResult[] {
  if (typeof body !== "object" || body === null || !("results" in body) || !Array.isArray(body.results)) return [];
  return body.results.flatMap((each: unknown): SearchResult[] => {
    if (typeof each !== "object" || each === null || !("name" in each) || typeof each.name !== "string") return [];
    return [{
      name: each.name,
      description: "description" in each && typeof each.description === "string" ? each.description : "",
      star_count: "star_count" in each && typeof each.star_count === "number" ? each.star_count : 0,
      is_official: "is_official" in each && each.is_official === true,
      is_automated: "is_automated" in each && each.is_automated === true,
    }];
  });
}
