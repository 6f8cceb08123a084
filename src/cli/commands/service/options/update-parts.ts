/** What the parts of an update share. */
import type { Mount } from "../../../../api/types/container.ts";
import { CliError } from "../../../errors.ts";
import type { UpdateFlags } from "./update-flags.ts";

export interface UpdateInput {
  flags: UpdateFlags;
  changed: ReadonlySet<string>;
  cwd: string;
}

/** Sets a field, or takes it away where it has no value. */
export function set<T extends object, K extends keyof T>(target: T, field: K, value: T[K] | undefined): void {
  if (value === undefined) delete target[field];
  else target[field] = value;
}

/** Labels and their like, with some set and some taken away. */
export function pairs(
  before: Record<string, string> | undefined,
  added: readonly string[],
  removed: readonly string[],
): Record<string, string> | undefined {
  if (added.length === 0 && removed.length === 0) return before;
  const after = new Map(Object.entries(before ?? {}));
  for (const pair of added) {
    const at = pair.indexOf("=");
    after.set(at < 0 ? pair : pair.slice(0, at), at < 0 ? "" : pair.slice(at + 1));
  }
  for (const name of removed) after.delete(name);
  return Object.fromEntries(after);
}

/** Mounts by their places: one that is added takes the place of another there. */
export function updatedMounts(before: readonly Mount[], added: readonly Mount[], removed: readonly string[]): Mount[] {
  const byTarget = new Map(added.map((mount) => [mount.Target, mount]));
  if (byTarget.size < added.length) throw new CliError("duplicate mount target");
  for (const mount of before) if (!byTarget.has(mount.Target)) byTarget.set(mount.Target, mount);
  const order = ({ Source = "", Target = "" }: Mount) => `${Source}\0${Target}`;
  return [...byTarget.values()]
    .filter(({ Target }) => !removed.includes(Target ?? ""))
    .sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
