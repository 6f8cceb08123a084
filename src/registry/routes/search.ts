import { hasScope } from "../auth/scopes.ts";
import type { Call } from "../http/route.ts";
import { type RepositorySummary, searchRepositories } from "../metadata/repositories.ts";
import { json } from "./answers.ts";

const defaultPageSize = 25;
const largestPage = 100;

/** GET /v1/_ping: what `docker search` asks for before it searches. */
export function getPing(): Response {
  return json({ standalone: true }, { "X-Docker-Registry-Version": "0.9.0", "X-Docker-Registry-Standalone": "true" });
}

/** GET /v1/search?q=&n=&page=: Docker Hub's form, over the repositories that the caller may pull from. */
export function getSearch(call: Call): Response {
  const query = (call.url.searchParams.get("q") ?? "").replace(/\p{Cc}/gu, " ").slice(0, 256);
  const size = Math.max(1, whole(call.url.searchParams.get("n"), defaultPageSize, largestPage));
  const page = Math.max(1, whole(call.url.searchParams.get("page"), 1, 1_000_000));
  const found = findRepositories(call, query);
  const results = found.slice((page - 1) * size, page * size).map(({ name, description, pulls }) => ({
    name,
    description: description ?? "",
    star_count: 0,
    pull_count: pulls,
    is_official: false,
    is_automated: false,
    is_trusted: false,
  }));
  return json({
    num_pages: Math.ceil(found.length / size),
    num_results: found.length,
    page,
    page_size: size,
    query,
    results,
  });
}

/**
 * Repositories that have each word of the query in name or description, and that the caller may pull. Words are
 * separated by spaces; the first eight count; an empty query finds all.
 */
export function findRepositories(
  { deps, identity }: Pick<Call, "deps" | "identity">,
  query: string,
): RepositorySummary[] {
  const words = query
    .split(/\s+/)
    .filter((word) => word !== "")
    .slice(0, 8);
  // A token for the catalogue (`registry:catalog:search` is what Docker asks for) shows all that its user may pull.
  const whole =
    identity.scopes && hasScope(identity.scopes, "registry", "catalog", "search") ? { user: identity.user } : identity;
  return searchRepositories(deps.db, words).filter(({ name }) => deps.authority.may(whole, name, "pull"));
}

function whole(text: string | null, fallback: number, most: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Math.min(Number(text), most) : fallback;
}
