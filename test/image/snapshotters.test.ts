import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CopySnapshotter } from "../../src/image/snapshot/copy.ts";
import { OverlaySnapshotter } from "../../src/image/snapshot/overlay.ts";
import { overlayWorks } from "../../src/image/snapshot/probe.ts";
import { mountByOptions } from "../../src/linux/overlay.ts";
import { unmountAll } from "../../src/linux/unmount.ts";
import { snapshotterSuite } from "./snapshotter.suite.ts";

snapshotterSuite("overlay2", (root, archiver) => new OverlaySnapshotter(root, archiver));
snapshotterSuite("vfs", (root, archiver) => new CopySnapshotter(root, archiver));

test("the probe tells where overlayfs works", () => {
  const dir = mkdtempSync(join(tmpdir(), "berth-probe-"));
  expect(overlayWorks(join(dir, "layers"))).toBe(true);
  expect(overlayWorks("/proc")).toBe(false);
  expect(readdirSync(join(dir, "layers"))).toEqual([]);
  rmSync(dir, { recursive: true });
});

test("kernels before 6.5: 128 lower directories through mount(2)", () => {
  const dir = mkdtempSync(join(tmpdir(), "berth-overlay-with-a-name-that-is-rather-long-"));
  const make = (name: string) => {
    mkdirSync(join(dir, name));
    return join(dir, name);
  };
  const lowers = Array.from({ length: 128 }, (_, i) => make(`layer-${i}`.padEnd(64, "x")));
  lowers.forEach((lower, i) => writeFileSync(join(lower, `f${i}`), ""));
  const target = make("target");
  mountByOptions({ lowers, writable: { upper: make("upper"), work: make("work") }, target });
  try {
    expect(readdirSync(target)).toHaveLength(128);
  } finally {
    unmountAll(target);
    rmSync(dir, { recursive: true });
  }
});
