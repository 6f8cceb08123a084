/** A registry's memory while many push large layers at once: what docs/registry.md promises. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { sh } from "../harness.ts";
import { RegistryProcess } from "../registry/process.ts";

const repository = resolve(import.meta.dir, "../..");
const mebibyte = 1024 * 1024;

test.each([
  [1, 3, 200],
  [32, 32, 20],
])("%i uploads at once, %i in all, of %i MiB each", async (uploads, blobs, size) => {
  await using registry = await RegistryProcess.start(["--no-access-log"]);
  const load = await sh([
    `${repository}/bin/bun`,
    `${repository}/bench/registry-load.ts`,
    "push",
    registry.url,
    String(uploads),
    String(blobs),
    String(size * mebibyte),
    "memory",
  ]);
  expect(load.stderr).toBe("");
  expect(JSON.parse(load.stdout)).toMatchObject({ bytes: blobs * size * mebibyte });
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${registry.pid}/status`, "utf8"))?.[1]) / 1024;
  expect(peak).toBeGreaterThan(20);
  expect(peak).toBeLessThan(1.3 * 55 + 3 * uploads);
});
