/**
 * Holds the tree against the layers of ARCHITECTURE.md: imports go strictly downward, folders on one row
 * never import each other, and a few powers are reserved to the files that own them.
 * Prints each offence; exits 1 if there is one.
 */
import { Glob } from "bun";
import { dirname, normalize } from "node:path";

const rows: string[][] = [
  ["lib"],
  ["api", "oci", "store", "linux"],
  ["image", "network", "volume", "runtime"],
  ["container", "build", "registry"],
  ["client", "cluster"],
  ["cli", "server"],
  ["daemon"],
  ["main.ts"],
];
const rowOf = new Map(rows.flatMap((folders, row) => folders.map((folder) => [folder, row] as const)));

/** Folders that may import less than their row allows. */
const only: Record<string, string[]> = {
  cli: ["client", "api", "lib"],
  client: ["api", "lib"],
  registry: ["oci", "lib"],
};

/** [what, pattern, files that may] */
const reserved: [string, RegExp, RegExp][] = [
  ["bun:ffi", /from "bun:ffi"/, /^linux\/syscall\.ts$/],
  ["bun:sqlite", /from "bun:sqlite"/, /^store\/|^[a-z]+\/table\.ts$|^registry\//],
  ["process.env", /\bprocess\.env\b|\bBun\.env\b/, /^cli\/|^daemon\/config\.ts$|^main\.ts$/],
  ["spawning", /\bBun\.spawn(Sync)?\(|from "node:child_process"/, /^lib\/run\.ts$|^runtime\/|^cli\/|^client\//],
];

const offences: string[] = [];
for (const file of [...new Glob("**/*.ts").scanSync("src")].sort()) {
  const text = await Bun.file(`src/${file}`).text();
  const isTest = /\.(test|suite)\.ts$/.test(file);
  const folder = file.split("/")[0] ?? "";
  if (!rowOf.has(folder)) offences.push(`src/${file}: folder ${folder} has no row in tools/layers.ts`);
  for (const [what, pattern, allowed] of reserved) {
    if (!isTest && pattern.test(text) && !allowed.test(file)) offences.push(`src/${file}: ${what} is reserved`);
  }
  if (isTest) continue;
  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
    const target = normalize(`${dirname(file)}/${match[1]}`).split("/")[0] ?? "";
    if (target === folder || target === "..") continue;
    const down = (rowOf.get(target) ?? 99) < (rowOf.get(folder) ?? -1);
    if (!down) offences.push(`src/${file}: imports ${target}, which is not below ${folder}`);
    else if (only[folder] && !only[folder].includes(target)) offences.push(`src/${file}: ${folder} may import only ${only[folder].join(", ")}`);
  }
}
for (const offence of offences) console.log(offence);
if (offences.length > 0) process.exit(1);
