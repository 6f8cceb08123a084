/** What every volume driver has to do. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { VolumeDriver, VolumeOptions } from "./driver.ts";

/** A driver to test, with what it takes and refuses. */
export interface VolumeDriverCase {
  /** Names the case. */
  title: string;
  /** The driver, with a directory of its own that goes after each test. */
  make: (root: string) => VolumeDriver;
  /** Options of a volume that the driver takes. */
  options: VolumeOptions;
  /** What was written is there again at the next mount. */
  keeps: boolean;
  /** A name and options that it refuses, and some of its words. */
  refused: [name: string, options: VolumeOptions, words: string];
}

/** The tests that every volume driver must pass. Each runs in a folder of its own, which is removed afterwards. */
export function volumeDriverSuite({ title, make, options, keeps, refused }: VolumeDriverCase): void {
  const inScratch = async (work: (driver: VolumeDriver, root: string) => Promise<void>) => {
    const root = mkdtempSync(`${tmpdir()}/berth-volumes-`);
    const driver = make(root);
    try {
      await work(driver, root);
    } finally {
      for (const name of ["data", "moved"]) {
        await driver.unmount(name, options, null, 0);
        await driver.remove(name, options);
      }
      rmSync(root, { recursive: true });
    }
  };

  describe(title, () => {
    test("receives data under a name that nobody sees, whole or not at all", () =>
      inScratch(async (driver, root) => {
        const staged = await driver.receive(async (directory) => writeFileSync(`${directory}/file`, "content"), {});
        await expect(driver.validate(staged, {})).rejects.toThrow("invalid characters");
        await driver.rename(staged, "data");
        expect(readFileSync(`${await driver.path("data")}/file`, "utf8")).toBe("content");
        const failing = driver.receive(async (directory) => {
          writeFileSync(`${directory}/file`, "half");
          throw new Error("no more");
        }, {});
        await expect(failing).rejects.toThrow("no more");
        const left = await driver.receive(async () => {}, {});
        await driver.dropReceived();
        expect(existsSync(await driver.path(left))).toBe(false);
        expect(existsSync(await driver.path("data"))).toBe(true);
        mkdirSync(`${root}/other`);
        writeFileSync(`${root}/other/file`, "moved");
        const adopted = await driver.adopt("moved", `${root}/other`);
        // As after a crash: the next attempt finds what the first has moved.
        await driver.dropReceived();
        expect(await driver.adopt("moved", `${root}/other`)).toBe(adopted);
        await driver.rename(adopted, "moved");
        expect(readFileSync(`${await driver.path("moved")}/file`, "utf8")).toBe("moved");
        await expect(driver.adopt("none", `${root}/other`)).rejects.toThrow("ENOENT");
      }));

    test("takes its names and options, and says what is wrong with others", () =>
      inScratch(async (driver) => {
        await driver.validate("data", options);
        const [name, wrong, words] = refused;
        await expect(driver.validate(name, wrong)).rejects.toThrow(words);
      }));

    test("makes a volume, twice, and removes it, twice", () =>
      inScratch(async (driver) => {
        await driver.create("data", options);
        await driver.create("data", options);
        expect(await driver.path("data")).toStartWith("/");
        await driver.remove("data", options);
        await driver.remove("data", options);
        expect(existsSync(await driver.path("data"))).toBe(false);
      }));

    test("has the data there while somebody needs it, and no matter who goes first", () =>
      inScratch(async (driver) => {
        await driver.create("data", options);
        const path = await driver.mount("data", options, "one");
        expect(path).toBe(await driver.path("data"));
        writeFileSync(`${path}/file`, "12345");
        expect(await driver.mount("data", options, "one")).toBe(path);
        expect(await driver.mount("data", options, "two")).toBe(path);
        await driver.unmount("data", options, "one", 1);
        expect(readFileSync(`${path}/file`, "utf8")).toBe("12345");
        await driver.unmount("data", options, "two", 0);
        await driver.unmount("data", options, "two", 0);
        await driver.unmount("data", options, null, 0);
        const again = await driver.mount("data", options, "three");
        expect(existsSync(`${again}/file`)).toBe(keeps);
        await driver.unmount("data", options, "three", 0);
      }));

    test("counts what takes room on this machine, and nothing else", () =>
      inScratch(async (driver) => {
        await driver.create("data", options);
        writeFileSync(`${await driver.mount("data", options, "one")}/file`, "12345");
        const size = await driver.size("data", options);
        expect(size).toBe(driver.prunable(options) ? 5 : null);
        await driver.unmount("data", options, "one", 0);
      }));

    test("moves the data to another name, again after a crash", () =>
      inScratch(async (driver) => {
        await driver.create("data", options);
        await driver.rename("data", "moved");
        await driver.rename("data", "moved");
        expect(existsSync(await driver.path("data"))).toBe(false);
        const path = await driver.mount("moved", options, "one");
        expect(path).toBe(await driver.path("moved"));
        await driver.unmount("moved", options, "one", 0);
      }));
  });
}
