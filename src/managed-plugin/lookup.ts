import { invalid, notFound } from "../lib/errors.ts";
import { familiarString, parseReference, withDefaultTag } from "../oci/reference.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import type { PluginRecord } from "./record.ts";
import { pluginById, pluginByName, pluginsByIdPrefix } from "./table.ts";

/** The plugin of a name (without a tag the latest), an id or the beginning of one. Throws with Docker's words. */
export function findPlugin({ store }: Pick<ManagedPluginDeps, "store">, ref: string): PluginRecord {
  const name = wholeName(ref);
  const found = (name === null ? null : pluginByName(store, name)) ?? pluginById(store, ref);
  if (found) return found;
  const [first, second] = pluginsByIdPrefix(store, ref);
  if (first && second) throw invalid(`multiple plugins found for ${JSON.stringify(ref)}`);
  if (!first) throw notFound(`plugin ${JSON.stringify(ref)} not found`);
  return first;
}

/** The name that a plugin of this reference is known by; null: it can be none. */
export function wholeName(ref: string): string | null {
  try {
    const parsed = parseReference(ref);
    return parsed.digest === undefined ? familiarString(withDefaultTag(parsed)) : null;
  } catch {
    return null;
  }
}
