import { invalid, isNotFound, notFound } from "../lib/errors.ts";
import type { NetworkDeps } from "./deps.ts";
import type { NetworkRecord } from "./record.ts";
import { networkById, networkByName, networksByIdPrefix } from "./table.ts";

/** A network by id, name or prefix of its id, in this order; `others`: some that the database has not. */
export function resolveNetwork(deps: NetworkDeps, ref: string, others: readonly NetworkRecord[] = []): NetworkRecord {
  if (ref === "") throw invalid("network name or ID must not be empty");
  const exact =
    networkById(deps.store, ref) ??
    others.find(({ Id }) => Id === ref) ??
    networkByName(deps.store, ref) ??
    others.find(({ Name }) => Name === ref);
  if (exact) return exact;
  const here = /^[0-9a-f]+$/.test(ref) ? networksByIdPrefix(deps.store, ref) : [];
  const elsewhere = others.filter(({ Id }) => Id.startsWith(ref) && !here.some((one) => one.Id === Id));
  const [first, ...more] = [...here, ...elsewhere];
  if (more.length > 0)
    throw invalid(`network ${ref} is ambiguous (${more.length + 1} matches found based on ID prefix)`);
  if (!first) throw notFound(`network ${ref} not found`);
  return first;
}

/** As {@link resolveNetwork}, but null where there is no such network. */
export function findNetwork(
  deps: NetworkDeps,
  ref: string,
  others: readonly NetworkRecord[] = [],
): NetworkRecord | null {
  try {
    return resolveNetwork(deps, ref, others);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
