import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CopySnapshotter } from "../../src/image/snapshot/copy.ts";
import { filesystemName } from "../../src/image/snapshot/filesystem.ts";
import { OverlaySnapshotter } from "../../src/image/snapshot/overlay.ts";
import { overlayWorks } from "../../src/image/snapshot/probe.ts";
import { Archiver } from "../../src/linux/archive/archiver.ts";
import { mount } from "../../src/linux/mount.ts";
import { readMounts } from "../../src/linux/mountinfo.ts";
import { mountByOptions } from "../../src/linux/overlay.ts";
import { unmountAll } from "../../src/linux/unmount.ts";
import { snapshotterSuite } from "./snapshotter.suite.ts";

snapshotterSuite("overlay2", (root, archiver) => new OverlaySnapshotter(root, archiver));
snapshotterSuite("vfs", (root, archiver) => new CopySnapshotter(root, archiver));

test("what cannot be removed yet is removed a little later", async () => {
  const dir = mkdtempSync(join(tmpdir(), "berth-trash-"));
  await using archiver = new Archiver();
  const snapshotter = new OverlaySnapshotter(dir, archiver);
  await snapshotter.prepare("held", []);
  // Whatever is mounted below is left alone, so the removal fails for as long as that is there.
  const inside = join(dir, "active/held/diff/inside");
  mkdirSync(inside);
  mount("tmpfs", inside, "tmpfs");
  try {
    const removed = snapshotter.remove("held");
    await Bun.sleep(50);
    const [doomed] = readdirSync(join(dir, "trash"));
    unmountAll(join(dir, "trash", doomed ?? "", "diff/inside"));
    await removed;
    expect(readdirSync(join(dir, "trash"))).toEqual([]);
  } finally {
    for (const { target } of readMounts()) if (target.startsWith(dir)) unmountAll(target);
    rmSync(dir, { recursive: true, force: true });
  }
});

test("on ext4 each snapshot has a part of the disk of its own; elsewhere nothing is asked for", async () => {
  for (const parent of [tmpdir(), "/dev/shm"]) {
    const dir = mkdtempSync(join(parent, "berth-spread-"));
    await using archiver = new Archiver();
    for (const snapshotter of [new OverlaySnapshotter(dir, archiver), new CopySnapshotter(dir, archiver)])
      await snapshotter.prepare(snapshotter.driver, []);
    if (filesystemName(dir) === "extfs") {
      const flags = (path: string) =>
        Bun.spawnSync(["lsattr", "-d", join(dir, path)])
          .stdout.toString()
          .split(" ")[0];
      expect(flags("active")).toContain("T");
      expect(flags("active/overlay2")).not.toContain("T");
    }
    rmSync(dir, { recursive: true });
  }
});

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
