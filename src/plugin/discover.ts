import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../lib/errors.ts";
import { type PluginEndpoint, readJsonSpec, readSpec, unixEndpoint } from "./endpoint.ts";

/**
 * Where the plugin of that name listens, by the files in the directories: `NAME.sock` or `NAME/NAME.sock` in any of
 * them, then `NAME.spec`, then `NAME.json`. Null: there is none. Throws an Error where the file is wrong.
 */
export async function discover(directories: readonly string[], name: string): Promise<PluginEndpoint | null> {
  if (!isName(name)) return null;
  for (const directory of directories) {
    for (const path of [join(directory, `${name}.sock`), join(directory, name, `${name}.sock`)])
      if (statSync(path, { throwIfNoEntry: false })?.isSocket()) return unixEndpoint(path);
  }
  for (const directory of directories) {
    const found =
      (await ifThere(() => readSpec(join(directory, `${name}.spec`)))) ??
      (await ifThere(() => readJsonSpec(join(directory, `${name}.json`))));
    if (found) return found;
  }
  return null;
}

/** Names of all plugins that {@link discover} finds, whether somebody listens or not. */
export function discoverable(directories: readonly string[]): string[] {
  const names = new Set<string>();
  for (const directory of directories) {
    for (const entry of entriesOf(directory)) {
      const name = /^(.+)\.(sock|spec|json)$/.exec(entry.name)?.[1];
      const isNested = entry.isDirectory() && isSocket(join(directory, entry.name, `${entry.name}.sock`));
      if (isNested) names.add(entry.name);
      else if (name && (!entry.name.endsWith(".sock") || isSocket(join(directory, entry.name)))) names.add(name);
    }
  }
  return [...names].sort();
}

const isSocket = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;

/** One name, not a way to another folder. */
const isName = (name: string): boolean => name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

async function ifThere<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return null;
    throw error;
  }
}
