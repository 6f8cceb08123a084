/**
 * The one way in which rigs prove that they have left nothing on the machine. A rig says by what its things are known
 * ({@link Belongings}); all of the machine that bears these names is looked at, whatever the rig was for.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../src/lib/errors.ts";
import { runOk } from "../src/lib/run.ts";
import { detectCgroups } from "../src/linux/cgroup.ts";
import { cgroupDirs } from "../src/linux/cgroup-tree.ts";
import { unmount } from "../src/linux/mount.ts";
import { readMounts } from "../src/linux/mountinfo.ts";

/** By what the things of a rig are known. */
export interface Belongings {
  /** Its folder: mounts lie below it, processes name it on their command lines. */
  root: string;
  /** Its engine's instance: links, firewall tables and control groups bear it. */
  instance?: string;
  /** The bridge whose ports are its links, even before they bear the instance. */
  bridge?: string;
  /** Folders in which each entry stands for something that is still there. */
  files?: string[];
  /** File of the network namespace that is its machine; the test's own unless given. */
  netns?: string | null;
}

/**
 * What of these belongings is on the machine now, a line each, that begins with its kind: `mount`, `process`, `link`,
 * `table`, `cgroup` or `file`.
 */
export async function leftovers({ root, instance, bridge, files = [], netns }: Belongings): Promise<string[]> {
  return [
    ...mountsBelow(root).map((target) => `mount ${target}`),
    ...processesNaming(root).map((line) => `process ${line}`),
    ...(instance ? await linksOf(netns, instance, bridge) : []).map((name) => `link ${name}`),
    ...(instance ? await tablesOf(netns, instance) : []).map((name) => `table ${name}`),
    ...(instance ? cgroupsOf(instance) : []).map((path) => `cgroup ${path}`),
    ...files.flatMap((folder) => entries(folder).map((name) => `file ${join(folder, name)}`)),
  ];
}

/** Looks until nothing is left; gives what is there all the same when `patience` milliseconds are over. */
export async function lasting(look: () => Promise<string[]>, patience = 45_000): Promise<string[]> {
  for (const end = Date.now() + patience; ; await Bun.sleep(20)) {
    const left = await look();
    if (left.length === 0 || Date.now() > end) return left;
  }
}

/**
 * The end of a rig: waits until nothing is left, then removes its folder; throws where something stayed. `before` is
 * done before each look, to put away what is only empty by now.
 */
export async function endRig(
  belongings: Belongings,
  { before = () => {}, patience }: { before?: () => void; patience?: number } = {},
): Promise<void> {
  const left = await lasting(() => {
    before();
    return leftovers(belongings);
  }, patience);
  removeRoot(belongings.root);
  refuse(left);
}

/** Removes a rig's folder, and nothing of what is mounted below it. */
export function removeRoot(root: string): void {
  for (const target of mountsBelow(root).reverse()) unmount(target, { detach: true });
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
}

/** Throws where something was left; `log` is told with it. */
export function refuse(left: readonly string[], log = ""): void {
  if (left.length > 0) throw new Error(`left behind:\n${left.join("\n")}\n${log}`.trimEnd());
}

/** Where something is mounted at or below a folder, in the order of mounting. */
export function mountsBelow(root: string): string[] {
  return readMounts()
    .map((mount) => mount.target)
    .filter((target) => target === root || target.startsWith(`${root}/`));
}

/** Processes but this one that name a path on their command lines: number and command. */
function processesNaming(path: string): string[] {
  return entries("/proc")
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return command.includes(path) ? [`${pid} ${command.slice(0, 200)}`] : [];
      } catch {
        // Ended meanwhile.
        return [];
      }
    });
}

/** Links that bear the mark of an instance, and the ports of its bridge. */
async function linksOf(netns: Machine, instance: string, bridge?: string): Promise<string[]> {
  const links: { ifname?: string; ifalias?: string; master?: string }[] = JSON.parse(
    await on(netns, "ip", "-j", "link"),
  );
  return links
    .filter(({ ifalias, master }) => ifalias?.startsWith(`berth-${instance}`) || (bridge && master === bridge))
    .map(({ ifname = "" }) => ifname);
}

/** Firewall tables of an instance, with their family. */
async function tablesOf(netns: Machine, instance: string): Promise<string[]> {
  return (await on(netns, "nft", "list", "tables"))
    .split("\n")
    .filter((line) => line.includes(`berth_${instance}`))
    .map((line) => line.replace("table ", ""));
}

/** Control groups of an instance's containers and of its monitors, in all hierarchies. */
function cgroupsOf(instance: string): string[] {
  const below = (dir: string): string[] => folders(dir).flatMap((name) => [join(dir, name), ...below(join(dir, name))]);
  return cgroupDirs(detectCgroups(), "/")
    .flatMap(below)
    .filter((dir) => dir.includes(`/berth-${instance}`));
}

/** Names of the folders in a folder; none where it goes meanwhile. */
function folders(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENODEV")) return [];
    throw error;
  }
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

type Machine = string | null | undefined;

/** What a program says on a machine; the test's own where none is given. */
function on(netns: Machine, ...argv: [string, ...string[]]): Promise<string> {
  return runOk(netns ? ["nsenter", `--net=${netns}`, ...argv] : argv);
}
