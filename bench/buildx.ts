/**
 * Builds by Docker's buildx, on this engine and on a dockerd that is running already, in turn: medians, ratios, and the
 * memory of both after 50 builds. Memory is that of `dist/berth`: a checkout runs by the same file as this program, and
 * shares its text with it.
 *
 *     bin/bun bench/buildx.ts --reference unix:///path/docker.sock --pids PID,PID [--rounds N] [scenario …]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildsBy } from "./build.ts";
import { type Engine, memoryOf } from "./engines.ts";
import { printRow, startPair, timed } from "./paired.ts";

const build = (engine: Engine, ...args: string[]) =>
  timed(engine.cli("build", "--progress=plain", "-t", "bench", ...args));

await using pair = await startPair(process.argv.slice(2));
await pair.measure(buildsBy(build));
if (pair.wanted.length === 0 || pair.wanted.includes("memory")) {
  const folder = join(pair.scratch, "memory");
  mkdirSync(folder);
  for (let number = 0; number < 50; number++) {
    writeFileSync(join(folder, "Dockerfile"), `FROM busybox:latest\nCOPY . /context\nRUN echo ${number}\n`);
    for (const engine of pair.engines) await build(engine, folder);
  }
  for (const [when, pause] of [
    ["at once", 0],
    ["idle", 20_000],
  ] as const) {
    await Bun.sleep(pause);
    for (const [what, field] of [
      ["PSS", "Pss"],
      ["anonymous", "Anonymous"],
    ] as const) {
      const used = pair.engines.map((engine) => memoryOf(engine.daemonPids(), field) / 2 ** 20);
      printRow(`memory after 50 builds, ${when} (${what})`, used, "MB");
    }
  }
}
