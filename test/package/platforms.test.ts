/** Packages are the same bytes wherever they are made, and hold a program that runs where they say. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { ok } from "../clients/kept.ts";
import { copyTree, makePackages, packageIn } from "./packages.ts";

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "berth-platforms-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

test("two copies of a tree give the same packages", async () => {
  const trees = [join(scratch, "one"), join(scratch, "another/place")].map(copyTree);
  for (const tree of trees) await makePackages(join(tree, "made"), { tree, only: "berth,berth-docker" });
  const sums = await Promise.all(trees.map((tree) => ok(["sh", "-c", `cd ${tree}/made && sha256sum *`])));
  expect(readdirSync(join(scratch, "one/made")).length).toBe(2);
  expect(sums[1]).toBe(sums[0] ?? "");
});

test("the package for arm64 has a program for arm64", async () => {
  const folder = join(scratch, "arm64");
  await makePackages(folder, { arch: "arm64", only: "berth" });
  expect(await ok(["dpkg-deb", "--field", packageIn(folder, "berth"), "Architecture"])).toBe("arm64\n");
  await ok(["dpkg-deb", "--extract", packageIn(folder, "berth"), join(folder, "tree")]);
  // Emulated, with the C library that the package libc6-arm64-cross has.
  const emulator = ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"];
  const said = await ok([...emulator, join(folder, "tree/usr/bin/berth"), "--version"]);
  expect(said).toBe(`Berth version ${manifest.version}\n`);
});
