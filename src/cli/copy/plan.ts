import { assertsDirectory, splitEntry } from "./paths.ts";

export interface CopySource {
  path: string;
  isDirectory: boolean;
  /** The name that the copy is to have, where a followed link changed it; else "". */
  rename: string;
}

export interface CopyDestination {
  path: string;
  exists: boolean;
  isDirectory: boolean;
}

/** Where an archive of the source is to be unpacked, and how its top name changes. */
export interface CopyPlan {
  directory: string;
  /** What stands first in the archive's names, and what is to stand there instead. */
  from: string;
  to: string;
}

/** Decides what `cp SOURCE DESTINATION` means, as docker's documentation tables it. Throws where it means nothing. */
export function planCopy(source: CopySource, destination: CopyDestination): CopyPlan {
  const [directory, name] = splitEntry(destination.path);
  const from = source.rename || splitEntry(source.path)[1];
  if (destination.exists && destination.isDirectory) return { directory: destination.path, from, to: from };
  if (destination.exists && source.isDirectory) throw new Error("cannot copy directory");
  if (!destination.exists && !source.isDirectory && assertsDirectory(destination.path))
    throw new Error("no such directory");
  return { directory, from, to: name };
}

/** The name of an archive's member under the plan. */
export function renamed(name: string, { from, to }: Pick<CopyPlan, "from" | "to">): string {
  if (from === to) return name;
  if (from === "/") return `${to}/${name.replace(/^\/+/, "")}`;
  if (name === from) return to;
  return name.startsWith(`${from}/`) ? to + name.slice(from.length) : name;
}
