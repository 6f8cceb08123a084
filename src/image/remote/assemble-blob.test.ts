import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Logger } from "../../lib/log.ts";
import { digestOf } from "../../oci/digest.ts";
import { FsBlobStore } from "../../oci/fs-blobs.ts";
import { assembleBlob } from "./assemble-blob.ts";
import { RegistryClient } from "./client.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { type ChunkedFile, type ChunkedLayer, chunkedLayer } from "./testing.ts";

const random = (bytes: number, seed: number) => {
  const content = new Uint8Array(bytes);
  for (let at = 0, x = seed; at < bytes; at++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    content[at] = x >>> 24;
  }
  return content;
};

const before: ChunkedFile[] = [
  ...Array.from({ length: 20 }, (_, i) => ({ name: `small${i}`, content: random(3000 + i, i + 1) })),
  { name: "large", content: random(3 << 20, 100) },
  { name: "other", content: random(700_001, 101) },
];
/** A file in the middle is another, one has another time, one has another end. */
const after = before.map((file, i) =>
  i === 5
    ? { ...file, content: random(5000, 200) }
    : i === 12
      ? { ...file, mtime: 99 }
      : file.name === "large"
        ? { ...file, content: Buffer.concat([file.content.subarray(0, 2_900_000), random(1000, 201)]) }
        : file,
);

interface Place {
  blobs: FsBlobStore;
  client: RegistryClient;
  /** What the registry has sent, in bytes. */
  sent: () => number;
  bring: (layer: ChunkedLayer, similar: ChunkedLayer[]) => Promise<boolean>;
}

/** A registry that has one blob. `answer`: what it gives in place of the part that was asked for. */
async function against(
  layer: ChunkedLayer,
  work: (place: Place) => Promise<void>,
  answer = (part: Uint8Array<ArrayBuffer>, _count: number): Uint8Array<ArrayBuffer> | null => part,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "berth-assemble-"));
  const blobs = new FsBlobStore(root);
  let sent = 0;
  let count = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const asked = /bytes=(\d+)-(\d*)/.exec(request.headers.get("range") ?? "");
      const [start, end] = [Number(asked?.[1] ?? 0), asked?.[2] ? Number(asked[2]) + 1 : layer.blob.length];
      const part = new Uint8Array(layer.blob.subarray(start, end));
      const given = asked ? answer(part, ++count) : part;
      if (given === null) return new Response(layer.blob);
      sent += part.length;
      const headers = { "content-range": `bytes ${start}-${end - 1}/${layer.blob.length}` };
      return new Response(given, { status: asked ? 206 : 200, headers });
    },
  });
  const client = new RegistryClient({
    url: `http://127.0.0.1:${server.port}`,
    domain: "x",
    mirror: false,
    prefix: "",
  });
  const bring = async ({ descriptor }: ChunkedLayer, similar: ChunkedLayer[]) => {
    for (const { blob } of similar) await blobs.put(blob);
    const digests = similar.map((each) => each.descriptor.digest);
    const options = { attempts: 3, log: new Logger("fatal") };
    return assembleBlob(client, "a/b", descriptor, digests, blobs, options);
  };
  try {
    await work({ blobs, client, sent: () => sent, bring });
  } finally {
    await server.stop(true);
    rmSync(root, { recursive: true, force: true });
  }
}

describe.each(["zstd:chunked", "estargz"] as const)("%s", (format) => {
  const [old, wanted] = [chunkedLayer(format, before), chunkedLayer(format, after)];

  test("only what the layers here lack is fetched", () =>
    against(wanted, async ({ blobs, bring, sent }) => {
      expect(await bring(wanted, [old])).toBe(true);
      expect(Buffer.from(await blobs.read(wanted.descriptor.digest)).equals(wanted.blob)).toBe(true);
      expect(sent()).toBeLessThan(wanted.blob.length / 10);
    }));

  test("a connection that breaks is taken up where it was", () =>
    against(
      wanted,
      async ({ blobs, bring }) => {
        expect(await bring(wanted, [old])).toBe(true);
        expect(blobs.has(wanted.descriptor.digest)).toBe(true);
      },
      (part, count) => (count % 2 === 0 && part.length > 1000 ? part.subarray(0, 500) : part),
    ));

  const whole = (lying: ChunkedLayer) =>
    against(lying, async ({ blobs, client, bring }) => {
      expect(await bring(lying, [old])).toBe(false);
      expect(blobs.has(lying.descriptor.digest)).toBe(false);
      await fetchBlob(client, "a/b", lying.descriptor, blobs, { attempts: 1 });
      expect(Buffer.from(await blobs.read(lying.descriptor.digest)).equals(lying.blob)).toBe(true);
    });

  test("a table that lies about a file's content is found out, and all is fetched", () =>
    whole(
      chunkedLayer(
        format,
        before.map((file) =>
          file.name === "large" ? { ...file, claims: file.content, content: random(3 << 20, 7) } : file,
        ),
      ),
    ));

  test.each([
    ["without entries", (toc) => Object.assign(toc, { entries: 5 })],
    ["with places beyond its end", ({ entries }) => Object.assign(entries[3] ?? {}, { offset: 1e12 })],
    ["with places that are no numbers", ({ entries }) => Object.assign(entries[3] ?? {}, { offset: "1" })],
    ["that goes backwards", ({ entries }) => entries.reverse()],
  ] satisfies [string, Parameters<typeof chunkedLayer>[2]][])("a table %s is none", (_, edit) =>
    whole(chunkedLayer(format, before, edit)),
  );

  test("a table that is not the one of the manifest is none", () => {
    const [name] = Object.keys(wanted.descriptor.annotations ?? {});
    const annotations = { [name ?? ""]: `sha256:${"0".repeat(64)}` };
    return whole({ ...wanted, descriptor: { ...wanted.descriptor, annotations } });
  });

  test("a registry that gives no parts is asked for the whole", () =>
    against(
      wanted,
      async ({ bring }) => expect(await bring(wanted, [old])).toBe(false),
      () => null,
    ));

  test("nothing is asked for where nothing here is like it, or the manifest says of no table", () =>
    against(wanted, async ({ bring, sent }) => {
      const { annotations: _, ...descriptor } = wanted.descriptor;
      expect(await bring({ ...wanted, descriptor }, [old])).toBe(false);
      const blob = Buffer.from("no layer");
      const other = { ...old, blob, descriptor: { ...old.descriptor, digest: digestOf(blob) } };
      expect(await bring(wanted, [])).toBe(false);
      expect(await bring(wanted, [other])).toBe(false);
      expect(sent()).toBe(0);
    }));
});

test("what an earlier attempt left is fetched anew where it was wrong", () => {
  const layer = chunkedLayer("estargz", before);
  return against(layer, async ({ blobs, client }) => {
    await using writer = await blobs.writer(layer.descriptor.digest, layer.blob.length);
    await writer.write(random(100_000, 9));
    await writer[Symbol.asyncDispose]();
    await fetchBlob(client, "a/b", layer.descriptor, blobs, { attempts: 1 });
    expect(blobs.has(layer.descriptor.digest)).toBe(true);
  });
});
