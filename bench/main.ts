/**
 * Paired measurements: every scenario runs on every engine in turn, round by round, in one run on one machine.
 * Prints medians and the ratio to dockerd. `npm run bench -- [--engines berth,dockerd] [--rounds N] [scenario …]`
 */
import { type Engine, monitorsOf, pss, startEngines } from "./engines.ts";
import { scenarios } from "./scenarios.ts";
import { startRegistry, transferScenarios } from "./transfer.ts";

const argv = process.argv.slice(2);
const option = (name: string, fallback: string) => {
  const at = argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (argv.splice(at, 2)[1] ?? fallback);
};
const names = option("engines", "berth,dockerd,podman").split(",");
const rounds = Number(option("rounds", "10"));
const wanted = argv;

const registry = await startRegistry();
const engines = await startEngines(names);
const table: { what: string; unit: string; values: Map<string, number> }[] = [];

try {
  for (const scenario of [...scenarios, ...transferScenarios(registry.host)]) {
    if (wanted.length > 0 && !wanted.some((word) => scenario.name.includes(word))) continue;
    const samples = new Map<string, number[]>(engines.map((engine) => [engine.name, []]));
    for (const engine of engines) await scenario.before?.(engine);
    const count = Math.max(1, Math.round(rounds * (scenario.weight ?? 1)));
    for (let round = -1; round < count; round++) {
      for (const engine of engines) {
        try {
          const ms = await scenario.run(engine, round);
          // The first round warms caches and is not counted.
          if (round >= 0 || count === 1) samples.get(engine.name)?.push(ms);
        } catch (error) {
          console.error(`${scenario.name} on ${engine.name}: ${error instanceof Error ? error.message : error}`);
        }
      }
    }
    for (const engine of engines) await scenario.after?.(engine);
    const values = new Map(
      [...samples].filter(([, list]) => list.length > 0).map(([name, list]) => [name, median(list)]),
    );
    table.push({ what: scenario.name, unit: "ms", values });
    print(table.at(-1));
  }
  if (wanted.length === 0 || wanted.some((word) => "memory".includes(word))) await memory(engines);
} finally {
  for (const engine of engines) await engine.stop();
  await registry.stop();
}

console.log(`\n| what | ${engines.map((engine) => engine.name).join(" | ")} | berth : dockerd |`);
console.log(`|---|${engines.map(() => "--:|").join("")}--:|`);
for (const row of table) {
  const [ours, theirs] = [row.values.get("berth"), row.values.get("dockerd")];
  console.log(
    `| ${row.what} | ${engines.map((engine) => format(row.values.get(engine.name), row.unit)).join(" | ")} | ` +
      `${ours && theirs ? (ours / theirs).toFixed(2) : "–"} |`,
  );
}

async function memory(all: Engine[]): Promise<void> {
  const idle = new Map<string, number>();
  const each = new Map<string, number>();
  for (const engine of all) {
    if (engine.daemonPids().length > 0) idle.set(engine.name, pss(engine.daemonPids()) / 2 ** 20);
    for (let index = 0; index < 10; index++)
      await engine.cli("run", "-d", "--name", `m${index}`, "busybox:latest", "sleep", "1000");
    const monitors = monitorsOf(engine.root);
    if (monitors.length > 0) each.set(engine.name, pss(monitors) / monitors.length / 2 ** 20);
    await engine.cli("rm", "-f", ...Array.from({ length: 10 }, (_, index) => `m${index}`));
  }
  table.push(
    { what: "engine memory (PSS)", unit: "MB", values: idle },
    { what: "monitor memory, each container (PSS)", unit: "MB", values: each },
  );
}

function median(list: number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function format(value: number | undefined, unit: string): string {
  return value === undefined ? "–" : `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

function print(row: (typeof table)[number] | undefined): void {
  if (row)
    console.log(
      `${row.what}: ${[...row.values].map(([name, value]) => `${name} ${format(value, row.unit)}`).join(", ")}`,
    );
}
