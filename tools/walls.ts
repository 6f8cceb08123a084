/**
 * Holds the tree against the layers of ARCHITECTURE.md: imports go strictly downward and never in a circle, folders on
 * one row never import each other, a folder's tables are its own (`tables.ts`), and a few powers are reserved to the
 * files that own them. Lines have at most 120 columns, files at most 400 lines (those of types alone may have more).
 * A folder without files, which git would not keep, is none. Prints each offence; exits 1 if there is one.
 */
import { readdirSync } from "node:fs";
import { dirname, normalize } from "node:path";
import { Glob } from "bun";
import { needlessExports } from "./exports.ts";
import { foreignSql, foreignTable } from "./tables.ts";

const rows: string[][] = [
  ["lib"],
  ["api", "oci", "store", "linux", "plugin"],
  ["image", "network", "volume", "runtime"],
  ["container", "builder", "registry", "managed-plugin"],
  ["client", "migrate", "storage", "cluster"],
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
  [
    "process.env",
    /\bprocess\.env\b|\bBun\.env\b/,
    /^cli\/|^daemon\/config\/environment\.ts$|^lib\/template\/zone\.ts$|^main\.ts$/,
  ],
  ["spawning", /\bBun\.spawn(Sync)?\(|from "node:child_process"/, /^lib\/run\.ts$|^runtime\/|^cli\/|^client\//],
];

const longestLine = 120;
const longestFile = 400;
/** Wire shapes, and tables of data. */
const mayBeLong = /^src\/api\/types\/|\/testdata\//;

const offences: string[] = [];
const imports = new Map<string, string[]>();

for (const file of [...new Glob("**/*.ts").scanSync("src")].sort()) {
  const text = await Bun.file(`src/${file}`).text();
  const isTest = /\.(test|suite)\.ts$/.test(file);
  const folder = file.split("/")[0] ?? "";
  if (!rowOf.has(folder)) offences.push(`src/${file}: folder ${folder} has no row in tools/walls.ts`);
  for (const [what, pattern, allowed] of reserved) {
    if (!isTest && pattern.test(text) && !allowed.test(file)) offences.push(`src/${file}: ${what} is reserved`);
  }
  if (isTest) continue;
  const targets = (pattern: RegExp) =>
    [...text.matchAll(pattern)].map((match) => normalize(`${dirname(file)}/${match[1]}`));
  // What is imported when it is needed closes no circle.
  imports.set(file, targets(/(?:from|import)\s*"(\.[^"]+)"/g));
  for (const path of targets(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
    checkLayer(file, folder, path);
    const foreign = foreignTable(file, path);
    if (foreign) offences.push(foreign);
  }
}

function checkLayer(file: string, folder: string, path: string): void {
  const target = path.split("/")[0] ?? "";
  if (target === folder || target === "..") return;
  const down = (rowOf.get(target) ?? 99) < (rowOf.get(folder) ?? -1);
  if (!down) offences.push(`src/${file}: imports ${target}, which is not below ${folder}`);
  else if (only[folder] && !only[folder].includes(target)) {
    offences.push(`src/${file}: ${folder} may import only ${only[folder].join(", ")}`);
  }
}

offences.push(...(await foreignSql()), ...(await needlessExports()));

/** Circles of imports (types count too): Tarjan's strongly connected components. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string) => {
    const own = index.size;
    index.set(file, own);
    low.set(file, own);
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!graph.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file) ?? own, low.get(next) ?? own));
    }
    if (low.get(file) !== own) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) found.push(circle);
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return found;
}
for (const circle of circles(imports)) offences.push(`src: imports in a circle: ${circle.sort().join(" ")}`);

for (const folder of ["src", "test", "bench", "scripts", "packaging", "tools", "docs"]) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath}/${entry.name}`;
    if (entry.isDirectory() && readdirSync(path).length === 0) offences.push(`${path}: an empty folder`);
  }
  for (const file of [...new Glob("**/*.{ts,js,css,py,java,xml}").scanSync(folder)].sort()) {
    const path = `${folder}/${file}`;
    if (/\/testdata\/.*\.js$/.test(path)) continue;
    const lines = (await Bun.file(path).text()).split("\n");
    lines.forEach((line, number) => {
      if ([...line].length > longestLine) offences.push(`${path}:${number + 1}: more than ${longestLine} columns`);
    });
    if (lines.length - 1 > longestFile && !mayBeLong.test(path)) {
      offences.push(`${path}: ${lines.length - 1} lines, more than ${longestFile}`);
    }
  }
}

for (const offence of offences) console.log(offence);
if (offences.length > 0) process.exit(1);
