import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../names.ts";
import type { BlobStorage } from "./storage.ts";

/** What every BlobStorage must do. `open` gives an empty one. */
export function storageSuite(name: string, open: () => Promise<BlobStorage>): void {
  describe(name, () => {
    let storage: BlobStorage;
    let work: string;
    let files = 0;
    beforeAll(async () => {
      work = mkdtempSync("/tmp/berth-storage-");
      storage = await open();
    });
    afterAll(() => rmSync(work, { recursive: true, force: true }));

    const bytes = (size: number) => {
      const content = new Uint8Array(size);
      for (let at = 0; at < size; at += 65536) crypto.getRandomValues(content.subarray(at, Math.min(size, at + 65536)));
      return content;
    };
    const put = async (content: Uint8Array, digest = digestOf(content)) => {
      const file = join(work, String(files++));
      await Bun.write(file, content);
      await storage.put(digest, file, content.length);
      expect(existsSync(file)).toBe(false);
      return digest;
    };
    const get = async (digest: string, range?: { start: number; end: number }) =>
      Buffer.from(await new Response(await storage.body(digest, range)).bytes());
    const listed = async () => {
      const all = [];
      for await (const blob of storage.list()) all.push(blob);
      return all;
    };

    test("is empty at first", async () => {
      expect(await listed()).toEqual([]);
      expect(await storage.size(digestOf(bytes(3)))).toBeUndefined();
      expect(await storage.read(digestOf(bytes(3)), 100)).toBeUndefined();
    });

    test("gives back what was put, whole and in part", async () => {
      for (const size of [1, 1000, 3_000_000, 20_000_000]) {
        const content = bytes(size);
        const digest = await put(content);
        expect(await storage.size(digest)).toBe(size);
        expect((await get(digest)).equals(content)).toBe(true);
        // Not the very first byte, in which the S3 server of the tests errs: the file system's test asks for that.
        if (size > 1) expect((await get(digest, { start: 1, end: 1 })).equals(content.subarray(1, 2))).toBe(true);
        const half = Math.floor(size / 2);
        expect((await get(digest, { start: half, end: size - 1 })).equals(content.subarray(half))).toBe(true);
      }
    });

    test("takes nothing at all, and sha512", async () => {
      const nothing = await put(new Uint8Array());
      expect(await storage.size(nothing)).toBe(0);
      expect(await storage.read(nothing, 10)).toEqual(new Uint8Array());
      const content = bytes(100);
      const digest = await put(content, digestOf(content, "sha512"));
      expect((await get(digest)).equals(content)).toBe(true);
    });

    test("takes the same content again", async () => {
      const content = bytes(5000);
      const digest = await put(content);
      expect(await put(content)).toBe(digest);
      expect((await get(digest)).equals(content)).toBe(true);
    });

    test("reads small ones whole, and refuses large ones", async () => {
      const content = bytes(5000);
      const digest = await put(content);
      expect(Buffer.from((await storage.read(digest, 5000)) ?? []).equals(content)).toBe(true);
      expect(await storage.read(digest, 4999)).toBeUndefined();
    });

    test("lists what there is and removes what it is told to", async () => {
      for (const { digest } of await listed()) await storage.remove(digest);
      const digests = await Promise.all(Array.from({ length: 20 }, () => put(bytes(10))));
      expect((await listed()).map(({ digest }) => digest).sort()).toEqual([...digests].sort());
      expect((await listed()).every(({ size }) => size === 10)).toBe(true);
      const [first = ""] = digests;
      await storage.remove(first);
      await storage.remove(first);
      expect(await storage.size(first)).toBeUndefined();
      expect((await listed()).length).toBe(19);
    });
  });
}
