import type { AuthConfig } from "../../api/types/system.ts";
import { errorMessage, internal, invalid } from "../../lib/errors.ts";
import { parseJson } from "../../lib/parse-json.ts";
import { RegistryClient } from "./client.ts";
import type { RemoteDeps } from "./deps.ts";
import { type Endpoint, endpoints } from "./endpoints.ts";
import { onEndpoint } from "./on-endpoint.ts";

/** One repository that a search found, in the shape of `GET /images/search`. */
export interface SearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
  is_automated: boolean;
}

/** The query of `GET /images/search`. `limit`: 1 to 100, 0: 25, as in Docker; `stars`: at least so many. */
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
export async function searchImages(deps: RemoteDeps, request: SearchRequest): Promise<SearchResult[]> {
  const { limit } = request;
  if (limit !== 0 && (limit < 1 || limit > 100)) throw invalid(`limit ${limit} is outside the range of [1, 100]`);
  if (/^https?:\/\//.test(request.term))
    throw invalid(`invalid repository name: repository name (${request.term}) should not have a scheme`);
  const slash = request.term.indexOf("/");
  const head = slash < 0 ? "" : request.term.slice(0, slash);
  const named = /[.:]/.test(head) || head === "localhost";
  const domain = named ? head : "docker.io";
  const term = named ? request.term.slice(slash + 1) : request.term.replace(/^library\//, "");
  const places: Endpoint[] =
    domain === "docker.io"
      ? endpoints("docker.io", deps.config(), "push").map((place) => ({
          ...place,
          url: place.url.replace("registry-1.docker.io", "index.docker.io"),
        }))
      : [await reachable(endpoints(domain, deps.config(), "push"))];
  return onEndpoint(deps, places, request.auth, async (client) => {
    // The search answers without credentials too, but then lists public repositories only. So the registry is asked
    // first how to log in.
    if (named && request.auth?.username)
      await client.call("/v2/", searchScope, { repeat: false, accept: "all" }).then(
        ({ body }) => body?.cancel(),
        () => {},
      );
    const response = await client.call(
      `/v1/search?${new URLSearchParams({ q: term, n: String(limit || 25) })}`,
      searchScope,
      { headers: { "x-docker-token": "true" }, accept: "all" },
    );
    if (response.status !== 200) throw internal(`Unexpected status code ${response.status}`);
    return read(decoded(await response.text())).filter(
      (each) =>
        (request.isOfficial === undefined || each.is_official === request.isOfficial) &&
        (request.isAutomated === undefined || each.is_automated === request.isAutomated) &&
        each.star_count >= (request.stars ?? 0),
    );
  });
}

/** The first place of a registry where somebody answers, whatever the answer. Throws `invalid` where nobody does. */
async function reachable(places: readonly Endpoint[]): Promise<Endpoint> {
  const attempts: { url: string; failed: string }[] = [];
  for (const place of places) {
    try {
      await (await new RegistryClient(place).call("/v1/_ping", "", { once: true, accept: "all" })).body?.cancel();
      return place;
    } catch (error) {
      const url = `${place.url}/v1/`;
      attempts.push({ url, failed: `Get "${url}_ping": ${errorMessage(error).replace(/^Get "[^"]*": /, "")}` });
    }
  }
  const [secure, plain] = attempts;
  if (plain)
    throw invalid(
      `invalid registry endpoint "${plain.url}". HTTPS attempt: ${secure?.failed}. HTTP attempt: ${plain.failed}`,
    );
  const { host } = new URL(secure?.url ?? "");
  throw invalid(
    `invalid registry endpoint ${secure?.url}: ${secure?.failed}. If this private registry supports only HTTP ` +
      "or HTTPS with an unknown CA " +
      (`certificate, please add \`--insecure-registry ${host}\` to the daemon's arguments. In the case of ` +
        "HTTPS, if you have access to the registry's ") +
      `CA certificate, no need for the flag; simply place the CA certificate at /etc/docker/certs.d/${host}/ca.crt`,
  );
}

function decoded(text: string): unknown {
  try {
    return parseJson(text, "unexpected EOF");
  } catch (error) {
    throw internal(`error decoding registry search results: ${errorMessage(error)}`, error);
  }
}

function read(body: unknown): SearchResult[] {
  if (typeof body !== "object" || body === null || !("results" in body) || !Array.isArray(body.results)) return [];
  return body.results.flatMap((each: unknown): SearchResult[] => {
    if (typeof each !== "object" || each === null || !("name" in each) || typeof each.name !== "string") return [];
    return [
      {
        name: each.name,
        description: "description" in each && typeof each.description === "string" ? each.description : "",
        star_count: "star_count" in each && typeof each.star_count === "number" ? each.star_count : 0,
        is_official: "is_official" in each && each.is_official === true,
        is_automated: "is_automated" in each && each.is_automated === true,
      },
    ];
  });
}
