/**
 * Files into and out of an engine by Docker's command line, on this engine and on a dockerd that is running already, in
 * turn: medians and ratios; beside them what `cp -a`, `tar` and `pigz` take for the same files.
 *
 *     bin/bun bench/storage.ts --reference unix:///path/docker.sock --pids PID,PID [--rounds N] [scenario …]
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootfsTar } from "../scripts/images.ts";
import { command, type Engine } from "./engines.ts";
import { median, type Pair, startPair, timed } from "./paired.ts";
import type { Scenario } from "./scenarios.ts";

const sleeping = ["sleep", "100000"];

/** A folder of `count` small files, a hundred subfolders deep at most. */
function writeFiles(root: string, count: number): void {
  for (let index = 0; index < count; index++) {
    const folder = join(root, String(index % 100));
    if (index < 100) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file${index}.js`), `export const value = ${index};\n`.repeat(20));
  }
}

const many =
  'i=0; while [ $i -lt COUNT ]; do d=/many/$((i%100)); [ $i -lt 100 ] && mkdir -p $d; echo "$i" >$d/f$i; ' +
  "i=$((i+1)); done";
const manyFiles = (count: number) => ["sh", "-c", many.replace("COUNT", String(count))];

async function need(engine: Engine, ...args: string[]): Promise<void> {
  await timed(engine.cli(...args));
}

/** `run` on a container that sleeps. */
function inContainer(scenario: Omit<Scenario, "before" | "after">, name: string): Scenario {
  return {
    ...scenario,
    before: (engine) => need(engine, "run", "-d", "--name", name, "busybox:latest", ...sleeping),
    after: (engine) => engine.cli("rm", "-f", name),
  };
}

function scenarios({ scratch }: Pair): Scenario[] {
  const big = join(scratch, "big");
  const files = join(scratch, "files");
  const debian = join(scratch, "debian.tar");
  return [
    inContainer(
      {
        name: "cp 500 MB in",
        weight: 0.5,
        run: (engine, round) => timed(engine.cli("cp", big, `stored:/big${round}`)),
      },
      "stored",
    ),
    inContainer(
      {
        name: "cp 20,000 files in",
        weight: 0.5,
        run: (engine, round) => timed(engine.cli("cp", files, `stored:/files${round}`)),
      },
      "stored",
    ),
    {
      name: "cp 20,000 files out",
      weight: 0.5,
      async before(engine) {
        await need(engine, "run", "-d", "--name", "stored", "busybox:latest", ...sleeping);
        await need(engine, "cp", files, "stored:/files");
      },
      run: (engine, round) => timed(engine.cli("cp", "stored:/files", join(engine.root, `out${round}`))),
      after: (engine) => engine.cli("rm", "-f", "stored"),
    },
    {
      name: "copy-up of 10,000 files",
      weight: 0.5,
      async before(engine) {
        await need(engine, "run", "--name", "stored", "busybox:latest", ...manyFiles(10_000));
        await need(engine, "commit", "stored", "many:latest");
        await need(engine, "rm", "stored");
      },
      run: (engine) => timed(engine.cli("run", "--rm", "--network=none", "-v", "/many", "many:latest", "true")),
      after: (engine) => engine.cli("rmi", "-f", "many:latest"),
    },
    {
      name: "commit with 20,000 changed files",
      weight: 0.5,
      before: (engine) => need(engine, "run", "--name", "stored", "busybox:latest", ...manyFiles(20_000)),
      run: (engine, round) => timed(engine.cli("commit", "stored", `committed:${round + 1}`)),
      after: (engine) => engine.cli("rm", "-f", "stored"),
    },
    {
      name: "save of a Debian root",
      weight: 0.5,
      before: async (engine) => need(engine, "import", await rootfsTar("debian"), "debian:bench"),
      run: (engine, round) => timed(engine.cli("save", "-o", join(engine.root, `saved${round}`), "debian:bench")),
    },
    {
      name: "load of a Debian root",
      weight: 0.5,
      before: (engine) => need(engine, "save", "-o", debian, "debian:bench"),
      run: async (engine) => {
        await need(engine, "rmi", "-f", "debian:bench");
        return timed(engine.cli("load", "-i", debian));
      },
      after: (engine) => engine.cli("rmi", "-f", "debian:bench"),
    },
  ];
}

/** What plain programs take for the same files: nothing does it in less. */
async function plainPrograms({ scratch }: Pair): Promise<void> {
  const root = join(scratch, "plain");
  const [big, files, debian] = [join(scratch, "big"), join(scratch, "files"), await rootfsTar("debian")];
  const [piped, tree, again] = ["piped", "debian", "again"].map((name) => join(root, name));
  const programs = {
    "`cp -a` of 500 MB": `cp -a ${big} ${root}/big`,
    "`cp -a` of 20,000 files": `cp -a ${files} ${root}/files`,
    "`tar -c | tar -x` of 20,000 files": `mkdir ${piped} && tar -C ${files} -c . | tar -C ${piped} -x`,
    "`tar -x` of a Debian root": `mkdir ${tree} && tar -C ${tree} -xf ${debian}`,
    "`tar -c` of a Debian root": `tar -C ${tree} -cf ${tree}.tar .`,
    "`tar -c | pigz` of a Debian root": `tar -C ${tree} -c . | pigz >${tree}.tar.gz`,
    "`pigz -d | tar -x` of a Debian root": `mkdir ${again} && pigz -dc ${tree}.tar.gz | tar -C ${again} -x`,
  };
  const times = new Map<string, number[]>();
  for (let round = 0; round < 3; round++) {
    mkdirSync(root);
    for (const [name, program] of Object.entries(programs)) {
      const ms = await timed(command(["sh", "-c", program]));
      times.set(name, [...(times.get(name) ?? []), ms]);
    }
    rmSync(root, { recursive: true });
  }
  console.log("\n| | |\n|---|--:|");
  for (const [name, samples] of times) console.log(`| ${name} | ${median(samples).toFixed(0)} ms |`);
}

await using pair = await startPair(process.argv.slice(2));
writeFiles(join(pair.scratch, "files"), 20_000);
await command(["dd", "if=/dev/urandom", `of=${join(pair.scratch, "big")}`, "bs=1M", "count=500"]);
await pair.measure(scenarios(pair));
if (pair.wanted.length === 0 || pair.wanted.includes("plain")) await plainPrograms(pair);
