/** A Compose file upon another: what the later one says goes before, lists are joined. */

import type { Project } from "./project-type.ts";
import { isMapping, type Mapping } from "./readers.ts";

export function mergeProjects(base: Project, over: Project): Project {
  return {
    version: over.version,
    services: mergeNamed(base.services, over.services, mergeService),
    networks: mergeNamed(base.networks, over.networks, mergeDeep),
    volumes: mergeNamed(base.volumes, over.volumes, mergeDeep),
    secrets: mergeNamed(base.secrets, over.secrets, mergeDeep),
    configs: mergeNamed(base.configs, over.configs, mergeDeep),
    extensions: { ...base.extensions, ...over.extensions },
  };
}

function mergeNamed(
  base: Record<string, Mapping>,
  over: Record<string, Mapping>,
  merge: (a: Mapping, b: Mapping) => Mapping,
): Record<string, Mapping> {
  const merged = { ...base };
  for (const [name, thing] of Object.entries(over)) merged[name] = merged[name] ? merge(merged[name], thing) : thing;
  return merged;
}

/** By what elements of lists are the same. */
const keys: Readonly<Record<string, (one: Mapping) => string>> = {
  ports: ({ published = 0 }) => String(published).padStart(5, "0"),
  secrets: ({ source }) => String(source),
  configs: ({ source }) => String(source),
  volumes: ({ target }) => String(target),
};
/** Lists that the later file's takes the place of. */
const replaced: ReadonlySet<string> = new Set(["command", "entrypoint", "test"]);

function mergeService(base: Mapping, over: Mapping): Mapping {
  const merged = mergeDeep(base, over);
  for (const [name, keyOf] of Object.entries(keys)) {
    const [first, second] = [base[name], over[name]];
    if (first === undefined && second === undefined) continue;
    const byKey = new Map(
      [first ?? [], second ?? []]
        .flat()
        .filter(isMapping)
        .map((one) => [keyOf(one), one]),
    );
    merged[name] = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  }
  return merged;
}

function mergeDeep(base: Mapping, over: Mapping): Mapping {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    if (isMapping(before) && isMapping(value)) merged[key] = mergeDeep(before, value);
    else if (Array.isArray(before) && Array.isArray(value) && !replaced.has(key))
      merged[key] = [...before, ...value.filter((one) => !before.includes(one))];
    else merged[key] = value;
  }
  return merged;
}
