/** Docker's own command line on this engine and on a dockerd that is running already, in turn. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dockerPrograms } from "../test/clients/debian.ts";
import { command, type Engine, type Outcome, startEngines } from "./engines.ts";
import type { Scenario } from "./scenarios.ts";

/** This engine, and the one it is measured against, with one client for both. */
export interface Pair extends AsyncDisposable {
  engines: Engine[];
  /** A folder of the measurement's own. */
  scratch: string;
  /** What scenarios are wanted; empty: all. */
  wanted: string[];
  /**
   * Runs each scenario in turn on both, and prints a row for it: medians of ms, the median of the rounds' ratios, which
   * other work on the machine hardly moves, and the processor time of engines and client.
   */
  measure(scenarios: Scenario[]): Promise<void>;
}

/**
 * By the command line `--reference unix:///path/docker.sock --pids PID,PID [--rounds N] [scenario …]`, `--pids` being
 * those of the dockerd and its containerd. The reference needs the image busybox:latest; without one, this engine is
 * measured alone.
 */
export async function startPair(argv: string[]): Promise<Pair> {
  const option = (name: string, fallback: string) => {
    const at = argv.indexOf(`--${name}`);
    return at < 0 ? fallback : (argv.splice(at, 2)[1] ?? fallback);
  };
  const reference = option("reference", "");
  const pids = option("pids", "").split(",").filter(Boolean).map(Number);
  const rounds = Number(option("rounds", "10"));
  const scratch = mkdtempSync("/tmp/berth-bench-pair-");
  const { docker, plugins } = await dockerPrograms();
  mkdirSync(join(scratch, "config/cli-plugins"), { recursive: true });
  symlinkSync(join(plugins, "docker-buildx"), join(scratch, "config/cli-plugins/docker-buildx"));
  writeFileSync(join(scratch, "config/config.json"), "{}");
  const byDocker = (engine: Engine): Engine => {
    const root = join(scratch, engine.name);
    mkdirSync(root);
    const config = { DOCKER_CONFIG: join(scratch, "config"), BUILDX_CONFIG: join(root, "buildx"), HOME: scratch };
    const env = { ...engine.env, ...config };
    const argv = (...args: string[]) => [docker, ...args];
    return { ...engine, root, env, argv, cli: (...args) => command(argv(...args), env) };
  };
  const [berth] = await startEngines(["berth"]);
  if (!berth) throw new Error("the engine did not start");
  const dockerd = { ...berth, name: "dockerd", env: { DOCKER_HOST: reference }, daemonPids: () => pids };
  const engines = [berth, ...(reference === "" ? [] : [dockerd])].map(byDocker);
  const names = engines.map(({ name }) => name);
  const columns = [...names, "ratio", ...names.flatMap((name) => [`CPU of ${name}`, "of its client"])];
  console.log(`| | ${columns.join(" | ")} |\n|---|${columns.map(() => "--:|").join("")}`);
  return {
    engines,
    scratch,
    wanted: argv,
    async measure(scenarios) {
      for (const scenario of scenarios) {
        if (argv.length > 0 && !argv.some((word) => scenario.name.includes(word))) continue;
        printScenario(scenario.name, await inTurn(scenario, engines, rounds));
      }
    },
    async [Symbol.asyncDispose]() {
      await berth.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** ms of a command that has to succeed. */
export async function timed(outcome: Promise<Outcome>): Promise<number> {
  const { ms, exitCode, stderr } = await outcome;
  if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr.trim()}`);
  return ms;
}

/** A line of the table. */
export function printRow(what: string, values: number[], unit: string): void {
  const [ours = 0, theirs] = values;
  const ratio = theirs ? (ours / theirs).toFixed(2) : "–";
  console.log(`| ${what} | ${values.map((value) => `${value.toFixed(0)} ${unit}`).join(" | ")} | ${ratio} |`);
}

/** What one run took, in ms: by the clock, and of processors. */
interface Sample {
  ms: number;
  engine: number;
  client: number;
}

function printScenario(name: string, samples: Sample[][]): void {
  const [ours = [], theirs] = samples;
  const ratios = theirs?.map(({ ms }, round) => (ours[round]?.ms ?? 0) / ms);
  const column = (of: keyof Sample) =>
    samples.map((each) => `${median(each.map((sample) => sample[of])).toFixed(0)} ms`);
  const [engines, clients] = [column("engine"), column("client")];
  const cells = [...column("ms"), ratios ? median(ratios).toFixed(2) : "–"];
  console.log(`| ${[name, ...cells, ...engines.flatMap((each, at) => [each, clients[at]])].join(" | ")} |`);
}

/** Samples of each engine, who begins changing. The first round warms caches and is not counted. */
async function inTurn(scenario: Scenario, engines: Engine[], rounds: number): Promise<Sample[][]> {
  const samples = engines.map((): Sample[] => []);
  const count = Math.max(2, Math.round(rounds * (scenario.weight ?? 1)));
  for (const engine of engines) await scenario.before?.(engine);
  for (let round = -1; round < count; round++) {
    const order = [...engines.entries()];
    for (const [index, engine] of round % 2 === 0 ? order : order.reverse()) {
      const before = processorTime(engine);
      const ms = await scenario.run(engine, round);
      const after = processorTime(engine);
      const used = { engine: after.engine - before.engine, client: after.client - before.client };
      if (round >= 0) samples[index]?.push({ ms, ...used });
    }
  }
  for (const engine of engines) await scenario.after?.(engine);
  return samples;
}

/** ms of processors until now: of an engine's own processes, and of all that this process has run and waited for. */
function processorTime(engine: Engine): { engine: number; client: number } {
  const ticks = (pid: number | "self", first: number) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return 10 * (Number(fields[first]) + Number(fields[first + 1]));
  };
  return { engine: engine.daemonPids().reduce((sum, pid) => sum + ticks(pid, 11), 0), client: ticks("self", 13) };
}

/** The middle one. */
export function median(list: number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
