/** What every snapshotter has to do. */
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
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

export function snapshotterSuite(name: string, make: (root: string, archiver: Archiver) => Snapshotter): void {
  const inScratch = async (
    work: (s: Snapshotter, dir: string, layer: (n: number, members: Member[]) => Promise<void>) => Promise<void>,
  ) => {
    const dir = mkdtempSync(join(tmpdir(), "berth-snapshots-"));
    const archiver = new Archiver();
    try {
      const s = make(join(dir, "layers"), archiver);
      await work(s, dir, async (n, members) => {
        const chain = Array.from({ length: n }, (_, i) => id(i));
        await s.prepare(`l${n}`, chain);
        const { root, whiteouts } = s.applyTarget(`l${n}`);
        await archiver.extract(chunked(tarOf(...members)), root, { whiteouts, rootAttributes: true });
        await s.commit(`l${n}`, id(n));
      });
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

    test("upon nothing", () =>
      inScratch(async (s, dir) => {
        await s.prepare("c", []);
        await mounted(s, dir, "c", [], (root) => {
          expect(readdirSync(root)).toEqual([]);
          writeFileSync(join(root, "x"), "12345");
        });
        expect(await s.usage("c")).toBe(5);
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
