/**
 * Builds by Docker's buildx, on this engine and on a dockerd that is running already, in turn: medians, ratios, and the
 * memory of both after 50 builds.
 *
 *     bin/bun bench/buildx.ts --reference unix:///path/docker.sock --pids PID,PID [--rounds N] [scenario …]
 *
 * `--pids`: of the dockerd and its containerd. It needs the image busybox:latest.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dockerPrograms } from "../test/clients/debian.ts";
import { buildsBy } from "./build.ts";
import { command, type Engine, pss, startEngines } from "./engines.ts";

const argv = process.argv.slice(2);
const option = (name: string, fallback: string) => {
  const at = argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (argv.splice(at, 2)[1] ?? fallback);
};
const reference = option("reference", "");
const pids = option("pids", "").split(",").filter(Boolean).map(Number);
const rounds = Number(option("rounds", "10"));
const wanted = argv;

const scratch = mkdtempSync("/tmp/berth-bench-buildx-");
const { docker, plugins } = await dockerPrograms();
mkdirSync(join(scratch, "config/cli-plugins"), { recursive: true });
symlinkSync(join(plugins, "docker-buildx"), join(scratch, "config/cli-plugins/docker-buildx"));
writeFileSync(join(scratch, "config/config.json"), "{}");

const build = async (engine: Engine, ...args: string[]): Promise<number> => {
  const { ms, exitCode, stderr } = await command([docker, "build", "--progress=plain", "-t", "bench", ...args], {
    ...engine.env,
    DOCKER_CONFIG: join(scratch, "config"),
    BUILDX_CONFIG: join(scratch, `buildx-${engine.name}`),
    HOME: scratch,
  });
  if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr.trim()}`);
  return ms;
};

const [berth] = await startEngines(["berth"]);
if (!berth) throw new Error("the engine did not start");
const other: Engine | undefined =
  reference === ""
    ? undefined
    : {
        ...berth,
        name: "dockerd",
        env: { DOCKER_HOST: reference },
        root: scratch,
        daemonPids: () => pids,
        stop: async () => {},
      };
const engines = [berth, ...(other ? [other] : [])];
console.log(`| buildx | ${engines.map(({ name }) => name).join(" | ")} | berth : dockerd |`);
console.log(`|---|${engines.map(() => "--:|").join("")}--:|`);
try {
  for (const scenario of buildsBy(build)) {
    if (wanted.length > 0 && !wanted.some((word) => scenario.name.includes(word))) continue;
    for (const engine of engines) await scenario.before?.(engine);
    const samples = engines.map((): number[] => []);
    const count = Math.max(2, Math.round(rounds * (scenario.weight ?? 1)));
    for (let round = -1; round < count; round++) {
      for (const [index, engine] of engines.entries()) {
        const ms = await scenario.run(engine, round);
        // The first round warms caches and is not counted.
        if (round >= 0) samples[index]?.push(ms);
      }
    }
    for (const engine of engines) await scenario.after?.(engine);
    row(scenario.name, samples.map(median), "ms");
  }
  if (wanted.length === 0 || wanted.includes("memory")) {
    const folder = join(scratch, "memory");
    mkdirSync(folder);
    for (let number = 0; number < 50; number++) {
      writeFileSync(join(folder, "Dockerfile"), `FROM busybox:latest\nCOPY . /context\nRUN echo ${number}\n`);
      for (const engine of engines) await build(engine, folder);
    }
    row(
      "memory after 50 builds (PSS)",
      engines.map((engine) => pss(engine.daemonPids()) / 2 ** 20),
      "MB",
    );
  }
} finally {
  await berth.stop();
  rmSync(scratch, { recursive: true, force: true });
}

function row(what: string, values: number[], unit: string): void {
  const [ours = 0, theirs] = values;
  const ratio = theirs ? (ours / theirs).toFixed(2) : "–";
  console.log(`| ${what} | ${values.map((value) => `${value.toFixed(0)} ${unit}`).join(" | ")} | ${ratio} |`);
}

function median(list: number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
