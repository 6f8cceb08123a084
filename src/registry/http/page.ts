import { RegistryError } from "../errors.ts";

/** Which part of a listing a client wants: `n` entries, after `last`; `last` empty: from the beginning. */
export interface PageRequest {
  /** At most so many; undefined: all. */
  n: number | undefined;
  last: string;
}

/** `n` and `last` of a listing. Throws PAGINATION_NUMBER_INVALID. */
export function parsePage(query: URLSearchParams): PageRequest {
  const n = query.get("n");
  if (n !== null && !/^\d{1,9}$/.test(n))
    throw new RegistryError(
      "PAGINATION_NUMBER_INVALID",
      `invalid number of results requested: n must be a whole number, 0 or more`,
    );
  return { n: n === null ? undefined : Number(n), last: query.get("last") ?? "" };
}

/** The `Link` header to the next page (RFC 5988), relative to the registry. */
export function nextLink(path: string, query: Record<string, string>): Record<string, string> {
  return { Link: `<${path}?${new URLSearchParams(query)}>; rel="next"` };
}
