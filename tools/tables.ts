/**
 * Whose table is whose. SQL stands in a folder's `table.ts` and `…-table.ts`, which only that folder imports, and names
 * that folder's tables. What another folder wants to know it asks a function of the owner; what a lower folder must
 * know of a higher one is a question among its dependencies (`ImageDeps.imageUsers`). Foreign keys may cross folders.
 */
import { Glob } from "bun";
import { migrations } from "../src/store/migrations/index.ts";

/** Each table has one owner. */
const tablesOf: Record<string, string[]> = {
  builder: ["build_cache", "build_cache_mount", "build_history", "build_history_file"],
  cluster: ["node_task"],
  container: ["container", "exec", "link"],
  image: [
    ...["image", "image_blob", "image_index", "image_layer", "image_name"],
    ...["blob_source", "layer", "layer_blob", "lease", "lease_item", "rootfs"],
  ],
  "managed-plugin": ["plugin", "plugin_blob"],
  network: [
    "endpoint",
    "endpoint_name",
    "ingress",
    "network",
    "network_address",
    "network_services",
    "published_port",
    "sandbox",
  ],
  volume: ["container_volume", "volume", "volume_mount"],
};
const ownerOf = new Map(
  Object.entries(tablesOf).flatMap(([folder, tables]) => tables.map((table) => [table, folder] as const)),
);

/** The registry is a program of its own, with a database of its own; `store/` keeps the engine's. */
const outside = /^(registry|store)\//;
const isTableFile = (file: string) => /(^|\/)([a-z-]+-)?table\.ts$/.test(file);
const sql = /\b(?:SELECT\s.*\bFROM|INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\s/s;

/** Tables that a statement names. */
function* tablesIn(text: string): Iterable<string> {
  for (const [, list = ""] of text.matchAll(
    /\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+(?:\s+[a-z]+)?(?:\s*,\s*[a-z_]+)*)/g,
  ))
    for (const name of list.split(",")) yield name.trim().split(/\s/)[0] ?? "";
}

/** Comments away; what `"…" +` has broken is whole again; then every string. */
function stringsIn(source: string): string[] {
  const code = source.replace(/^\s*(\/\*\*.*?\*\/|\/\/.*?$)/gms, "").replace(/"\s*\+\s*"/g, "");
  return [...code.matchAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/gs)].map(([text]) => text);
}

/** An import of a file of tables, seen from `file`; both are paths below `src/`. */
export function foreignTable(file: string, target: string): string | undefined {
  if (!isTableFile(target) || file.split("/")[0] === target.split("/")[0]) return undefined;
  return `src/${file}: imports src/${target}, which is for its own folder`;
}

/** Tables without an owner, SQL outside of files of tables, and SQL on the tables of others. */
export async function foreignSql(): Promise<string[]> {
  const offences: string[] = [];
  for (const { name, sql } of migrations) {
    for (const [, table = ""] of sql.matchAll(/CREATE TABLE (\w+)/g))
      if (!ownerOf.has(table))
        offences.push(`src/store/migrations/${name}.ts: ${table} has no owner in tools/tables.ts`);
  }
  for (const file of [...new Glob("**/*.ts").scanSync("src")].sort()) {
    if (outside.test(file) || /\.(test|suite)\.ts$/.test(file)) continue;
    const folder = file.split("/")[0] ?? "";
    for (const text of stringsIn(await Bun.file(`src/${file}`).text())) {
      const tables = [...tablesIn(text)].filter((table) => ownerOf.has(table));
      if (tables.length === 0) continue;
      if (sql.test(text) && !isTableFile(file))
        offences.push(`src/${file}: SQL belongs in a table.ts: ${text.slice(0, 60)}`);
      for (const table of tables.filter((each) => ownerOf.get(each) !== folder)) {
        offences.push(`src/${file}: names ${table}, a table of ${ownerOf.get(table)}: ${text.slice(0, 60)}`);
      }
    }
  }
  return offences;
}
