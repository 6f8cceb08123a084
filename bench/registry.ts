/**
 * Our registry against Debian's docker-registry on this machine, in one run, taking turns: throughput of pushes and
 * pulls with 1, 8 and 32 clients, large blobs and small, and the most memory that each held. Usage: bin/bun
 * bench/registry.ts [rounds]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RegistryProcess } from "../test/registry/process.ts";
import { ReferenceRegistry } from "../test/registry/reference.ts";

const rounds = Number(process.argv[2] ?? 3);
const megabyte = 1_000_000;

interface Case {
  what: string;
  clients: number;
  blobs: number;
  size: number;
}

const cases: Case[] = [
  ...[1, 8, 32].map((clients) => ({
    what: "large",
    clients,
    blobs: clients === 1 ? 4 : 32,
    size: (clients === 1 ? 100 : 16) * megabyte,
  })),
  ...[1, 8, 32].map((clients) => ({ what: "small", clients, blobs: 320, size: 20_000 })),
];

interface Subject {
  name: "berth" | "docker-registry";
  url: string;
  pid: number;
}

const seen = new Map<string, number[]>();
const note = (key: string, value: number) => seen.set(key, [...(seen.get(key) ?? []), value]);
const median = (key: string) => {
  const values = (seen.get(key) ?? []).toSorted((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? Number.NaN;
};

async function load(
  subject: Subject,
  action: "push" | "pull",
  { clients, blobs, size }: Case,
  seed: string,
): Promise<number> {
  const child = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "registry-load.ts"),
      action,
      subject.url,
      String(clients),
      String(blobs),
      String(size),
      seed,
    ],
    { stdout: "pipe", stderr: "inherit" },
  );
  const text = await child.stdout.text();
  if ((await child.exited) !== 0) throw new Error(`${action} to ${subject.name} failed`);
  const { seconds } = JSON.parse(text) as { seconds: number };
  return seconds;
}

/** Peak resident memory since the last reset, MB. */
const peak = (pid: number) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1000;
const resetPeak = (pid: number) => writeFileSync(`/proc/${pid}/clear_refs`, "5");

for (let round = 0; round < rounds; round++) {
  for (const it of cases) {
    // A fresh pair for each case: neither profits from what the other's case left.
    await using berth = await RegistryProcess.start(["--no-access-log"]);
    await using reference = await ReferenceRegistry.start();
    const subjects: Subject[] = [
      { name: "berth", url: berth.url, pid: berth.pid },
      { name: "docker-registry", url: reference.url, pid: reference.pid },
    ];
    if (round % 2 === 1) subjects.reverse();
    for (const action of ["push", "pull"] as const) {
      for (const subject of subjects) {
        resetPeak(subject.pid);
        const key = `${it.what} ${action} ${it.clients} ${subject.name}`;
        note(key, await load(subject, action, it, "seed"));
        note(`${key} memory`, peak(subject.pid));
      }
    }
  }
}

console.log(`${rounds} rounds, medians; large: 100 MB blobs with 1 client, 16 MB with more; small: 20 kB\n`);
console.log("| case | clients | berth | docker-registry | ratio | memory: berth | docker-registry |");
console.log("|---|---|---|---|---|---|---|");
for (const { what, clients, blobs, size } of cases) {
  for (const action of ["push", "pull"]) {
    const key = `${what} ${action} ${clients}`;
    const rate = (name: string) => (what === "large" ? (blobs * size) / megabyte : blobs) / median(`${key} ${name}`);
    const unit = what === "large" ? "MB/s" : "blobs/s";
    const [ours, theirs] = [rate("berth"), rate("docker-registry")];
    console.log(
      `| ${what} ${action} | ${clients} | ${ours.toFixed(0)} ${unit} | ${theirs.toFixed(0)} ${unit} | ` +
        `${(ours / theirs).toFixed(2)} | ${median(`${key} berth memory`).toFixed(0)} MB | ` +
        `${median(`${key} docker-registry memory`).toFixed(0)} MB |`,
    );
  }
}
