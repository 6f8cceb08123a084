import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../../oci/digest.ts";
import { FsBlobStore } from "../../oci/fs-blobs.ts";
import { RegistryClient } from "./client.ts";
import { fetchBlob } from "./fetch-blob.ts";

const content = new Uint8Array(3_000_000).map((_, index) => index * 7);
const descriptor = { mediaType: "application/octet-stream", digest: digestOf(content), size: content.length };

/**
 * A registry whose first answers bring a part and then nothing any more; the later ones, `whole` of them after, all.
 */
async function against(
  stalls: number,
  work: (client: RegistryClient, blobs: FsBlobStore, ranges: string[]) => Promise<void>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "berth-fetch-blob-"));
  const ranges: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      const range = request.headers.get("range") ?? "";
      ranges.push(range);
      const from = Number(/bytes=(\d+)-/.exec(range)?.[1] ?? 0);
      const headers = {
        "content-length": String(content.length - from),
        "content-range": `bytes ${from}-${content.length - 1}/${content.length}`,
      };
      const status = range ? 206 : 200;
      if (ranges.length > stalls) return new Response(content.subarray(from), { status, headers });
      return new Response(
        new ReadableStream({ start: (controller) => controller.enqueue(content.subarray(from, from + 100_000)) }),
        { status, headers },
      );
    },
  });
  try {
    await work(
      new RegistryClient({ url: `http://127.0.0.1:${server.port}`, domain: "x", mirror: false, prefix: "" }),
      new FsBlobStore(root),
      ranges,
    );
  } finally {
    await server.stop(true);
    rmSync(root, { recursive: true, force: true });
  }
}

test("a connection that brings nothing any more is given up, and taken up where it stood", () =>
  against(2, async (client, blobs, ranges) => {
    await fetchBlob(client, "a/b", descriptor, blobs, { attempts: 3, stallMs: 150 });
    expect(Buffer.from(await blobs.read(descriptor.digest)).equals(Buffer.from(content))).toBe(true);
    expect(ranges).toEqual(["", "bytes=100000-", "bytes=200000-"]);
  }));

test(
  "one that hangs without end is told",
  () =>
    against(Infinity, async (client, blobs) => {
      const nothing = { ...descriptor, digest: digestOf(new Uint8Array([1])), size: 100_001 };
      await expect(fetchBlob(client, "a/b", nothing, blobs, { attempts: 2, stallMs: 100 })).rejects.toThrow(
        `failed to copy ${nothing.digest}`,
      );
    }),
  20_000,
);
