import { invalid, notFound } from "../lib/errors.ts";
import { familiarString, parseReference, withDefaultTag } from "../oci/reference.ts";
import type { Store } from "../store/store.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import type { PluginRecord } from "./record.ts";
import { pluginById, pluginByName, pluginsByIdPrefix } from "./table.ts";

/** The plugin of a name (without a tag the latest), an id or the beginning of one. Throws with Docker's words. */
export function findPlugin({ store }: Pick<ManagedPluginDeps, "store">, ref: string): PluginRecord {
  const found = findByName(store, ref) ?? pluginById(store, ref);
  if (found) return found;
  const [first, second] = pluginsByIdPrefix(store, ref);
  if (first && second) throw invalid(`multiple plugins found for ${JSON.stringify(ref)}`);
  if (!first) throw notFound(`plugin ${JSON.stringify(ref)} not found`);
  return first;
}

/** The plugin of a name, with its tag or (the latest) without; null: there is none. */
export function findByName(store: Store, ref: string): PluginRecord | null {
  const name = wholeName(ref);
  return name === null ? null : pluginByName(store, name);
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
