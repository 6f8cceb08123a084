import { invalid, notFound } from "../lib/errors.ts";
import type { NetworkContext } from "./context.ts";
import type { NetworkRecord } from "./record.ts";
import { networkById, networkByName, networksByIdPrefix } from "./table.ts";

/** A network by id, name or prefix of its id, in this order. */
export function resolveNetwork(ctx: NetworkContext, ref: string): NetworkRecord {
  if (ref === "") throw invalid("network name or ID must not be empty");
  const exact = networkById(ctx.store, ref) ?? networkByName(ctx.store, ref);
  if (exact) return exact;
  const [first, ...others] = /^[0-9a-f]+$/.test(ref) ? networksByIdPrefix(ctx.store, ref) : [];
  if (others.length > 0) throw invalid(`network ${ref} is ambiguous (${others.length + 1} matches found based on ID prefix)`);
  if (!first) throw notFound(`network ${ref} not found`);
  return first;
}
