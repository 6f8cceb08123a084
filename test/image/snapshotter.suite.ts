/** What every snapshotter has to do. */
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Snapshotter } from "../../src/image/snapshot/snapshotter.ts";
import { Archiver } from "../../src/linux/archive/archiver.ts";
import { isMountPoint } from "../../src/linux/at.ts";
import { chunked, failure, type Member, tarOf } from "./harness.ts";

const id = (n: number) => `sha256:${String(n).padStart(64, "0")}`;

/** `parent`: where its layers are. */
export function snapshotterSuite(
  name: string,
  make: (root: string, archiver: Archiver) => Snapshotter,
  parent = tmpdir(),
): void {
  const inScratch = async (
    work: (
      s: Snapshotter,
      dir: string,
      layer: (n: number, members: Member[]) => Promise<void>,
      archiver: Archiver,
    ) => Promise<void>,
  ) => {
    const dir = mkdtempSync(join(parent, "berth-snapshots-"));
    mkdirSync(join(dir, "layers"));
    const archiver = new Archiver();
    try {
      const s = make(join(dir, "layers"), archiver);
      const layer = async (n: number, members: Member[]) => {
        const chain = Array.from({ length: n }, (_, i) => id(i));
        await s.prepare(`l${n}`, chain);
        const { root, whiteouts } = s.applyTarget(`l${n}`);
        await archiver.extract(chunked(tarOf(...members)), root, { whiteouts, rootAttributes: true });
        await s.commit(`l${n}`, id(n));
      };
      await work(s, dir, layer, archiver);
    } finally {
      await archiver[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    }
  };
  const mounted = async (
    s: Snapshotter,
    dir: string,
    key: string,
    chain: string[],
    work: (root: string) => void,
    options = {},
  ) => {
    const target = join(dir, "target");
    mkdirSync(target, { recursive: true });
    s.mount(key, chain, target, options);
    expect(isMountPoint(target)).toBe(true);
    expect(s.mountsOf(key)).toEqual([target]);
    s.mount(key, chain, target, options);
    try {
      work(target);
    } finally {
      await s.unmount(target);
    }
    expect(isMountPoint(target)).toBe(false);
    await s.unmount(target);
  };

  describe(name, () => {
    test("layers upon layers, seen through a writable snapshot", () =>
      inScratch(async (s, dir, layer) => {
        await layer(0, [
          { name: "/", type: "directory", mode: 0o751, uid: 3 },
          { name: "a", content: "0" },
          { name: "d/x", content: "x" },
          { name: "d/y", content: "y" },
        ]);
        await layer(1, [{ name: ".wh.a" }, { name: "d/x", content: "x1" }]);
        await layer(2, [{ name: "d/.wh..wh..opq" }, { name: "d/z", content: "z" }]);
        const chain = [id(0), id(1), id(2)];
        await s.prepare("c", chain);
        expect(await failure(s.prepare("c", chain))).toContain("already exists");
        await mounted(s, dir, "c", chain, (root) => {
          expect(readdirSync(root).sort()).toEqual(["d"]);
          expect(readdirSync(join(root, "d"))).toEqual(["z"]);
          expect([statSync(root).mode & 0o777, statSync(root).uid]).toEqual([0o751, 3]);
          writeFileSync(join(root, "d/z"), "changed");
        });
        // What was written outlives the mount; the layer below does not see it.
        await mounted(s, dir, "c", chain, (root) => expect(readFileSync(join(root, "d/z"), "utf8")).toBe("changed"));
        const view = join(dir, "view");
        mkdirSync(view);
        s.view(chain, view);
        try {
          expect(readFileSync(join(view, "d/z"), "utf8")).toBe("z");
          expect(() => writeFileSync(join(view, "new"), "")).toThrow("EROFS");
        } finally {
          await s.unmount(view);
        }
        expect((await s.list()).chainIds.sort()).toEqual(chain);
        expect((await s.list()).keys).toEqual(["c"]);
        await s.remove("c");
        await s.remove("c");
        for (const chainId of chain.toReversed()) await s.removeLayer(chainId);
        expect(await s.list()).toEqual({ keys: [], chainIds: [] });
      }));

    test("a snapshot that was written to becomes a layer", () =>
      inScratch(async (s, dir, layer) => {
        await layer(0, [
          { name: "a", content: "a" },
          { name: "b", content: "b" },
        ]);
        await s.prepare("step", [id(0)]);
        await mounted(
          s,
          dir,
          "step",
          [id(0)],
          (root) => {
            rmSync(join(root, "a"));
            writeFileSync(join(root, "c"), "c");
          },
          { volatile: true },
        );
        await s.commit("step", id(1));
        expect(s.has(id(1))).toBe(true);
        await s.prepare("next", [id(0), id(1)]);
        await mounted(s, dir, "next", [id(0), id(1)], (root) => expect(readdirSync(root).sort()).toEqual(["b", "c"]));
        // Who comes second with the same layer finds it there.
        await s.prepare("again", [id(0)]);
        await s.commit("again", id(1));
        expect((await s.list()).keys).toEqual(["next"]);
      }));

    test("what a snapshot changes, and the bytes of it", () =>
      inScratch(async (s, dir, layer, archiver) => {
        await layer(0, [
          { name: "big", content: "x".repeat(9000) },
          { name: "d/kept", content: "kept" },
          { name: "d/gone", content: "gone" },
        ]);
        await layer(1, [{ name: "e/x", content: "x" }]);
        const chain = [id(0), id(1)];
        await s.prepare("c", chain);
        expect(await s.usage("c", chain)).toBe(0);
        expect(await archiver.changes(s.diffSource("c", chain))).toEqual([]);
        await mounted(s, dir, "c", chain, (root) => {
          rmSync(join(root, "d/gone"));
          writeFileSync(join(root, "e/x"), "12");
          writeFileSync(join(root, "new"), "345");
          linkSync(join(root, "new"), join(root, "same"));
        });
        expect(await archiver.changes(s.diffSource("c", chain))).toEqual([
          { path: "/d", kind: 0 },
          { path: "/d/gone", kind: 2 },
          { path: "/e", kind: 0 },
          { path: "/e/x", kind: 0 },
          { path: "/new", kind: 1 },
          { path: "/same", kind: 1 },
        ]);
        expect(await s.usage("c", chain)).toBe(5);
        // Where attributes are looked up, and what a layer alone has.
        expect(s.lookupRoots(chain).some((root) => existsSync(join(root, "big")))).toBe(true);
        expect(await archiver.changes(s.layerSource(chain))).toEqual([
          { path: "/e", kind: 1 },
          { path: "/e/x", kind: 1 },
        ]);
        s.dismiss("c");
        expect((await s.list()).keys).toEqual([]);
      }));

    test("what containers mount upon is there, and is no change", () =>
      inScratch(async (s, dir, layer, archiver) => {
        await layer(0, [
          { name: "etc/hosts", content: "of the image" },
          { name: "proc", type: "symlink", linkName: "elsewhere" },
        ]);
        const chain = [id(0)];
        await s.prepare("c", chain);
        const options = { mountPoints: true };
        const look = (root: string) => {
          expect(readFileSync(join(root, "etc/hosts"), "utf8")).toBe("of the image");
          expect(readlinkSync(join(root, "proc"))).toBe("elsewhere");
          expect(statSync(join(root, ".dockerenv")).size).toBe(0);
          expect(statSync(join(root, "dev/pts")).isDirectory()).toBe(true);
        };
        await mounted(s, dir, "c", chain, look, options);
        await mounted(s, dir, "c", chain, look, options);
        expect(await archiver.changes(s.diffSource("c", chain))).toEqual([]);
        await mounted(s, dir, "c", chain, (root) => writeFileSync(join(root, "etc/hostname"), "x"), options);
        expect(await archiver.changes(s.diffSource("c", chain))).toEqual([
          { path: "/etc", kind: 0 },
          { path: "/etc/hostname", kind: 1 },
        ]);
        // Nor do they get into a layer.
        await s.commit("c", id(1));
        await s.prepare("next", [id(0), id(1)]);
        await mounted(s, dir, "next", [id(0), id(1)], (root) => {
          expect(readdirSync(root).sort()).toEqual(["etc", "proc"]);
          expect(readdirSync(join(root, "etc")).sort()).toEqual(["hostname", "hosts"]);
        });
      }));

    test("upon nothing", () =>
      inScratch(async (s, dir) => {
        await s.prepare("c", []);
        await mounted(s, dir, "c", [], (root) => {
          expect(readdirSync(root)).toEqual([]);
          writeFileSync(join(root, "x"), "12345");
        });
        expect(await s.usage("c", [])).toBe(5);
        await mounted(s, dir, "c", [], (root) => expect(existsSync(join(root, "x"))).toBe(true), { volatile: true });
      }));

    test("128 layers", () =>
      inScratch(async (s, dir, layer) => {
        const count = name === "vfs" ? 10 : 128;
        for (let n = 0; n < count; n++) await layer(n, [{ name: `f${n}`, content: "x" }]);
        const chain = Array.from({ length: count }, (_, n) => id(n));
        await s.prepare("c", chain);
        await mounted(s, dir, "c", chain, (root) => expect(readdirSync(root)).toHaveLength(count));
      }));
  });
}
