/** Which tests there are, in which order they run, and what beside what. */
import { readdirSync } from "node:fs";
import type { Suite } from "./suite.ts";

/** What fetches packages from the world: these need the machine's network. */
const networked = ["./test/clients/", "./test/build/programs.test.ts", "./test/package/"];

/** What runs programs of Docker that are no packages of this machine's Debian. */
const withNewerDocker = ["./test/buildkit/", "./test/container/cdi.test.ts", "./test/logging/compose.test.ts"];

/** What saves and restores processes: the machine's CRIU may be too old for its kernel. */
const withNewerCriu = ["./test/container/checkpoints.test.ts"];

/** What kills daemons at every moment, fills disks, or measures: nothing else runs meanwhile. */
const alone = [
  "./test/faults/",
  "./test/image/full-disk.test.ts",
  "./test/network/firewall-returns.test.ts",
  "./test/regression/broken-json.test.ts",
  "./test/regression/long-dockerfiles.test.ts",
  "./test/regression/sparse-files.test.ts",
];

/** Folders, those that take longest first. */
const timed = [
  "regression",
  "clients",
  "build",
  "buildkit",
  "package",
  "network",
  "runtime",
  "cli",
  "registry",
  "api",
  "plugin",
  "remote",
  "image",
  "container",
  "contract",
  "rigs",
];

/** All suites of `test/`. `beside` may run beside each other and are taken in their order; `alone` run after them. */
export function allSuites(): { beside: Suite[]; alone: Suite[] } {
  const files = readdirSync("test", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name))
    .flatMap(({ name }) =>
      readdirSync(`test/${name}`)
        .sort()
        .map((file) => `./test/${name}/${file}`),
    )
    .filter((path) => path.endsWith(".test.ts"));
  return {
    beside: byFolder(files.filter((path) => !isIn(alone, path))),
    alone: byFolder(files.filter((path) => isIn(alone, path))),
  };
}

/** The suite of paths that were asked for by name. */
export function suiteOf(paths: string[]): Suite {
  return { name: paths.join(" "), paths, network: touches(paths, networked) ? "machine" : "own" };
}

/** Whether Docker's newer programs are to be fetched before: while a suite runs it may have no network. */
export function needsNewerDocker(suites: Suite[]): boolean {
  return suites.some(({ paths }) => touches(paths, withNewerDocker));
}

/** The same of CRIU. */
export function needsNewerCriu(suites: Suite[]): boolean {
  return suites.some(({ paths }) => touches(paths, withNewerCriu));
}

const touches = (paths: string[], places: string[]): boolean =>
  paths.some((path) => places.some((place) => path.includes(place) || place.includes(path)));

const isIn = (places: string[], path: string): boolean => places.some((place) => path.startsWith(place));

/** A folder that nobody has timed may be long. */
const rank = (folder: string): number => timed.indexOf(folder);

/** A suite of each folder; two where some of its files need another network than others. */
function byFolder(files: string[]): Suite[] {
  const network = (path: string) => (isIn(networked, path) ? "machine" : "own");
  const groups = Map.groupBy(files, (path) => `${path.slice("./".length, path.lastIndexOf("/") + 1)} ${network(path)}`);
  return [...groups].map(([group, paths]) => ({
    name: group.split(" ")[0] ?? "",
    paths,
    network: network(paths[0] ?? ""),
  }));
}
