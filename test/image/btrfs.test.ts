/** The driver btrfs, on a btrfs of its own: subvolumes, limits, and a daemon upon it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BtrfsSnapshotter } from "../../src/image/snapshot/btrfs.ts";
import { openSnapshotter } from "../../src/image/snapshot/builtin.ts";
import { Archiver } from "../../src/linux/archive/archiver.ts";
import { removeSubvolume } from "../../src/linux/btrfs.ts";
import { MS, mount } from "../../src/linux/mount.ts";
import { unmountAll } from "../../src/linux/unmount.ts";
import { Daemon, sh } from "../harness.ts";
import { btrfs, mountFilesystem } from "../volume/filesystem.ts";
import { snapshotterSuite } from "./snapshotter.suite.ts";

const scratch = mkdtempSync(join(tmpdir(), "berth-btrfs-"));
const disk = join(scratch, "disk");
let unmountDisk = async () => {};
beforeAll(async () => {
  unmountDisk = await mountFilesystem(disk, btrfs);
});
afterAll(async () => {
  // Nobody has left a subvolume.
  const { stdout } = await sh(["btrfs", "subvolume", "list", disk]);
  await unmountDisk();
  rmSync(scratch, { recursive: true });
  expect(stdout).toBe("");
});

snapshotterSuite("btrfs", (root, archiver) => new BtrfsSnapshotter(root, archiver), disk);

const id = (n: number) => `sha256:${String(n).padStart(64, "0")}`;

async function withRoot(work: (root: string, archiver: Archiver) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(disk, "layers-"));
  await using archiver = new Archiver();
  await work(root, archiver);
  rmSync(root, { recursive: true });
}

describe("subvolumes of others inside", () => {
  const nest = async (tree: string) => {
    const must = async (...argv: string[]) => expect((await sh(["btrfs", "subvolume", ...argv])).exitCode).toBe(0);
    await must("create", join(tree, "own"));
    await must("create", join(tree, "own/deeper"));
    writeFileSync(join(tree, "own/deeper/file"), "content");
    await must("snapshot", "-r", join(tree, "own/deeper"), join(tree, "own/frozen"));
  };

  test("go with the snapshot", () =>
    withRoot(async (root, archiver) => {
      const s = new BtrfsSnapshotter(root, archiver);
      await s.prepare("c", []);
      await nest(s.applyTarget("c").root);
      await s.remove("c");
      expect(readdirSync(join(root, "trash"))).toEqual([]);
      expect(() => removeSubvolume(join(root, "active/c"))).toThrow("no such file");
    }));

  test("are directories in a layer, so that what stands upon it has what is in them", () =>
    withRoot(async (root, archiver) => {
      const s = new BtrfsSnapshotter(root, archiver);
      await s.prepare("step", []);
      await nest(s.applyTarget("step").root);
      await s.commit("step", id(0));
      await s.prepare("c", [id(0)]);
      expect(readFileSync(join(s.applyTarget("c").root, "own/deeper/file"), "utf8")).toBe("content");
      expect((await s.list()).keys).toEqual(["c"]);
      await s.remove("c");
      await s.removeLayer(id(0));
    }));
});

test("the driver is the one whose layers there are; another is refused, as is one that the filesystem is not for", () =>
  withRoot(async (root, archiver) => {
    const driver = (name?: string) => openSnapshotter(name, root, archiver).driver;
    expect(driver()).toBe("overlay2");
    expect(driver("btrfs")).toBe("btrfs");
    // Nothing is there yet that would be lost.
    expect(driver()).toBe("overlay2");
    const s = openSnapshotter("btrfs", root, archiver);
    await s.prepare("c", []);
    expect(driver()).toBe("btrfs");
    expect(() => driver("overlay2")).toThrow(
      `error initializing graphdriver: ${root} has layers of the storage driver btrfs, which overlay2 cannot read`,
    );
    await s.remove("c");
    expect(() => driver("other")).toThrow("error initializing graphdriver: driver not supported: other");
    const elsewhere = join(scratch, "elsewhere");
    mkdirSync(elsewhere);
    expect(() => openSnapshotter("btrfs", elsewhere, archiver)).toThrow(
      "error initializing graphdriver: prerequisites for driver not satisfied (wrong filesystem?): btrfs",
    );
    expect(readdirSync(elsewhere)).toEqual([]);
  }));

test("a size limit counts what the image has", () =>
  withRoot(async (root, archiver) => {
    const s = new BtrfsSnapshotter(root, archiver);
    expect(s.limitsSize).toBe(true);
    await s.prepare("l", []);
    writeFileSync(join(s.applyTarget("l").root, "base"), Buffer.alloc(8 << 20, 1));
    await s.commit("l", id(0));
    await s.prepare("small", [id(0)], { size: 1 << 20 });
    expect(() => writeFileSync(join(s.applyTarget("small").root, "more"), "more")).toThrow("EDQUOT");
    await s.remove("small");
    await s.prepare("c", [id(0)], { size: 16 << 20 });
    const fill = (megabytes: number) =>
      writeFileSync(join(s.applyTarget("c").root, "more"), Buffer.alloc(megabytes << 20, 2));
    fill(4);
    expect(() => fill(20)).toThrow("EDQUOT");
    await s.remove("c");
    await s.removeLayer(id(0));
  }));

test("a daemon upon it", async () => {
  let root = "";
  const configure = (settings: object) => writeFileSync(join(root, "../daemon.json"), JSON.stringify(settings));
  await using _disk = {
    [Symbol.asyncDispose]: async () => {
      unmountAll(root);
      rmSync(join(disk, "daemon"), { recursive: true });
    },
  };
  await using daemon = await Daemon.start({
    onRoot: async (dataRoot) => {
      root = dataRoot;
      for (const path of [join(disk, "daemon"), root]) mkdirSync(path);
      mount(join(disk, "daemon"), root, "", MS.BIND);
      configure({ "storage-driver": "btrfs" });
    },
  });
  expect(await daemon.ok("info", "-f", "{{.Driver}} {{.DriverStatus}}")).toBe("btrfs [[Btrfs ]]");
  await daemon.ok("run", "--name", "made", "busybox", "sh", "-c", "echo 1234 >/new; rm /bin/vi");
  expect(await daemon.ok("diff", "made")).toBe("C /bin\nD /bin/vi\nA /new");
  expect(await daemon.ok("ps", "-as", "--format", "{{.Size}}")).toMatch(/^5B \(virtual /);
  expect(await daemon.ok("inspect", "-f", "{{json .GraphDriver}}", "made")).toBe('{"Data":null,"Name":"btrfs"}');
  await daemon.ok("commit", "made", "changed");
  expect(
    await daemon.ok("run", "--rm", "changed", "sh", "-c", "cat /new; ls -d /bin /bin/vi 2>/dev/null || true"),
  ).toBe("1234\n/bin");
  const run = await daemon.docker("run", "--rm", "--storage-opt", "size=16m", "busybox", "dd", "if=/dev/zero", "of=/x");
  expect(run.stderr).toContain("Disk quota exceeded");
  await daemon.ok("run", "-d", "--name", "on", "busybox", "sleep", "1000");
  configure({});
  await daemon.kill();
  await daemon.up();
  expect(await daemon.ok("info", "-f", "{{.Driver}}")).toBe("btrfs");
  expect(await daemon.ok("exec", "on", "echo", "still there")).toBe("still there");
});
