/**
 * Unpacking a layer alone: ours (checked against its digest, as a pull does it) against `pigz -d | tar -x`, taking
 * turns, and zstd against `zstd -d | tar -x`. Usage: bin/bun bench/unpack.ts [rounds]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rootfsTar } from "../scripts/images.ts";
import { Archiver } from "../src/linux/archive/archiver.ts";
import { command } from "./engines.ts";

const rounds = Number(process.argv[2] ?? 5);
const root = mkdtempSync("/tmp/berth-bench-unpack-");
await using archiver = new Archiver();
const took = new Map<string, number[]>();

/** Trees stay until the end: ext4 makes files slowly for a minute after as many were deleted. */
async function measure(name: string, run: (target: string) => Promise<unknown>): Promise<void> {
  const target = mkdtempSync(join(root, "tree-"));
  const begin = performance.now();
  await run(target);
  took.set(name, [...(took.get(name) ?? []), performance.now() - begin]);
}

async function shell(script: string): Promise<void> {
  const { exitCode, stderr } = await command(["sh", "-c", script]);
  if (exitCode !== 0) throw new Error(`${script}: ${stderr}`);
}

try {
  const tar = await rootfsTar("debian");
  await shell(`pigz -c ${tar} >${root}/layer.gz && zstd -qc ${tar} >${root}/layer.zst`);
  for (let round = 0; round < rounds; round++) {
    for (const [kind, file, tool] of [
      ["gzip", "layer.gz", "pigz"],
      ["zstd", "layer.zst", "zstd"],
    ] as const) {
      await measure(`${kind}, berth`, (target) =>
        archiver.extract({ file: join(root, file) }, target, {
          whiteouts: "overlay",
          rootAttributes: true,
          digest: true,
          compression: kind,
        }),
      );
      await measure(`${kind}, ${tool} -d | tar -x`, (target) =>
        shell(`${tool} -dc ${root}/${file} | tar -xf - -C ${target} --numeric-owner`),
      );
    }
  }
  console.log(`${rounds} rounds, medians\n\n| unpack a Debian root | ms |\n|---|--:|`);
  for (const [name, values] of took)
    console.log(
      `| ${name.replaceAll("|", "\\|")} | ${Math.round(values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0)} |`,
    );
} finally {
  rmSync(root, { recursive: true, force: true });
}
