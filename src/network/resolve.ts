import { invalid, isNotFound, notFound } from "../lib/errors.ts";
import type { NetworkDeps } from "./deps.ts";
import type { NetworkRecord } from "./record.ts";
import { networkById, networkByName, networksByIdPrefix } from "./table.ts";

/** A network by id, name or prefix of its id, in this order. */
export function resolveNetwork(deps: NetworkDeps, ref: string): NetworkRecord {
  if (ref === "") throw invalid("network name or ID must not be empty");
  const exact = networkById(deps.store, ref) ?? networkByName(deps.store, ref);
  if (exact) return exact;
  const [first, ...others] = /^[0-9a-f]+$/.test(ref) ? networksByIdPrefix(deps.store, ref) : [];
  if (others.length > 0)
    throw invalid(`network ${ref} is ambiguous (${others.length + 1} matches found based on ID prefix)`);
  if (!first) throw notFound(`network ${ref} not found`);
  return first;
}

/** As {@link resolveNetwork}, but null where there is no such network. */
export function findNetwork(deps: NetworkDeps, ref: string): NetworkRecord | null {
  try {
    return resolveNetwork(deps, ref);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
