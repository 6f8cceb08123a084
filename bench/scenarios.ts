import { rmSync } from "node:fs";
import { buildScenarios } from "./build.ts";
import { command, type Engine, type Outcome } from "./engines.ts";

export interface Scenario {
  name: string;
  /** How many rounds, against the usual. */
  weight?: number;
  before?(engine: Engine): Promise<unknown>;
  /** One measurement, in ms. */
  run(engine: Engine, round: number): Promise<number>;
  after?(engine: Engine): Promise<unknown>;
}

/** Work that a measurement needs; its failure is told, not measured. */
async function prepare(engine: Engine, ...args: string[]): Promise<void> {
  const { exitCode, stderr } = await engine.cli(...args);
  if (exitCode !== 0) console.error(`${engine.name} ${args.join(" ")}: exit ${exitCode}: ${stderr.trim()}`);
}

const image = "busybox:latest";
const many = 20;

async function timed(outcome: Promise<Outcome>): Promise<number> {
  const { ms, exitCode, stderr } = await outcome;
  if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr.trim()}`);
  return ms;
}

export const scenarios: Scenario[] = [
  ...["bridge", "none", "host"].map(
    (network): Scenario => ({
      name: `run --rm true, ${network}`,
      run: (engine) => timed(engine.cli("run", "--rm", "--network", network, image, "true")),
    }),
  ),
  {
    name: "exec true",
    before: (engine) => prepare(engine, "run", "-d", "--name", "xx", image, "sleep", "1000"),
    run: (engine) => timed(engine.cli("exec", "xx", "true")),
    after: (engine) => engine.cli("rm", "-f", "xx"),
  },
  {
    name: "create + rm",
    run: async (engine) =>
      (await timed(engine.cli("create", "--name", "cc", image, "true"))) + (await timed(engine.cli("rm", "cc"))),
  },
  {
    name: "ps, 10 containers",
    before: (engine) =>
      Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          prepare(engine, "run", "-d", "--name", `p${index}`, image, "sleep", "1000"),
        ),
      ),
    run: (engine) => timed(engine.cli("ps")),
    after: (engine) => engine.cli("rm", "-f", ...Array.from({ length: 10 }, (_, index) => `p${index}`)),
  },
  {
    name: "start to first byte",
    run: async (engine) => {
      const started = performance.now();
      const child = Bun.spawn(engine.argv("run", "--rm", image, "sh", "-c", "echo x; sleep 0.1"), {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "ignore",
        env: { ...process.env, ...engine.env },
      });
      const reader = child.stdout.getReader();
      await reader.read();
      const ms = performance.now() - started;
      reader.releaseLock();
      await child.exited;
      return ms;
    },
  },
  {
    name: `${many} at once`,
    weight: 0.3,
    run: async (engine) => {
      const started = performance.now();
      const outcomes = await Promise.all(Array.from({ length: many }, () => engine.cli("run", "--rm", image, "true")));
      const bad = outcomes.find((outcome) => outcome.exitCode !== 0);
      if (bad) throw new Error(bad.stderr);
      return performance.now() - started;
    },
  },
  {
    name: "stop",
    run: async (engine) => {
      await timed(engine.cli("run", "-d", "--name", "ss", image, "sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"));
      const ms = await timed(engine.cli("stop", "ss"));
      await engine.cli("rm", "-f", "ss");
      return ms;
    },
  },
  {
    name: "commit 20 MB",
    weight: 0.5,
    before: (engine) =>
      prepare(engine, "run", "--name", "kk", image, "dd", "if=/dev/urandom", "of=/blob", "bs=1M", "count=20"),
    run: (engine, round) => timed(engine.cli("commit", "kk", `committed:${round + 1}`)),
    after: (engine) => engine.cli("rm", "-f", "kk"),
  },
  {
    name: "save",
    weight: 0.5,
    run: (engine) =>
      timed(engine.cli("save", "-o", `${engine.root}/saved.tar`, image)).finally(() =>
        rmSync(`${engine.root}/saved.tar`, { force: true }),
      ),
  },
  {
    name: "load",
    weight: 0.5,
    before: async (engine) => {
      await prepare(
        engine,
        "run",
        "--name",
        "ll",
        image,
        "sh",
        "-c",
        "mkdir /many; i=0; while [ $i -lt 2000 ]; do echo $i > /many/$i; i=$((i+1)); done",
      );
      await engine.cli("commit", "ll", "loaded:1");
      await engine.cli("save", "-o", `${engine.root}/load.tar`, "loaded:1");
      await engine.cli("rm", "-f", "ll");
    },
    run: async (engine) => {
      await engine.cli("rmi", "-f", "loaded:1");
      return timed(engine.cli("load", "-i", `${engine.root}/load.tar`));
    },
  },
  {
    name: "cp 500 MB in",
    weight: 0.2,
    before: async (engine) => {
      await command(["dd", "if=/dev/zero", `of=${engine.root}/big`, "bs=1M", "count=500"]);
      await prepare(engine, "run", "-d", "--name", "ff", image, "sleep", "1000");
    },
    run: (engine) => timed(engine.cli("cp", `${engine.root}/big`, "ff:/big")),
  },
  {
    name: "cp 500 MB out",
    weight: 0.2,
    run: (engine) => timed(engine.cli("cp", "ff:/big", `${engine.root}/back`)),
    after: (engine) => engine.cli("rm", "-f", "ff"),
  },
  {
    name: "logs, 200,000 lines",
    weight: 0.3,
    before: (engine) =>
      prepare(
        engine,
        "run",
        "--name",
        "gg",
        image,
        "sh",
        "-c",
        "yes 'a line of a log that is neither short nor long' | head -n 200000",
      ),
    run: (engine) => timed(command(["sh", "-c", '"$@" >/dev/null', "sh", ...engine.argv("logs", "gg")], engine.env)),
    after: (engine) => engine.cli("rm", "-f", "gg"),
  },
  {
    name: "write 200,000 lines of log",
    weight: 0.3,
    run: (engine) => timed(engine.cli("run", "--rm", "-d=false", image, "seq", "200000")),
  },
  ...[0, 50, 200].map(restartScenario),
  ...buildScenarios,
];

/** From the start of a daemon to its first answer, with containers that run meanwhile. */
function restartScenario(count: number): Scenario {
  const names = Array.from({ length: count }, (_, index) => `r${index}`);
  return {
    name: `daemon restart, ${count} containers`,
    weight: 0.2,
    before: async (engine) => {
      if (engine.restart)
        for (const name of names) await prepare(engine, "run", "-d", "--name", name, image, "sleep", "1000");
    },
    run: async (engine) => {
      if (!engine.restart) throw new Error("has no daemon");
      return engine.restart();
    },
    after: async (engine) => {
      if (engine.restart && count > 0) await engine.cli("rm", "-f", ...names);
    },
  };
}
