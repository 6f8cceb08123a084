/** Images whose layers are compressed in pieces: of the next version only what is new is fetched. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type ChunkedFile, type ChunkedLayer, chunkedLayer } from "../../src/image/remote/testing.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { RegistryClient } from "./client.ts";
import { harmful, isBlob } from "./harmful.ts";

const client = new RegistryClient();
const { ok, registry } = client;
let real: string;
beforeAll(async () => {
  await client.start();
  real = await registry();
});
afterAll(() => client[Symbol.asyncDispose]());

/** Pushes an image of one layer by hand: what makes such layers is in no package of Debian 12. */
async function push(name: string, tag: string, { blob, descriptor, diffId }: ChunkedLayer): Promise<void> {
  const base = `http://${real}/v2/${name}`;
  const upload = async (content: Uint8Array<ArrayBuffer>) => {
    const begun = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
    const place = new URL(begun.headers.get("location") ?? "", base);
    place.searchParams.set("digest", digestOf(content));
    expect((await fetch(place, { method: "PUT", body: content })).status).toBe(201);
  };
  const config = Buffer.from(
    JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [diffId] } }),
  );
  await upload(blob);
  await upload(config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
    layers: [descriptor],
  });
  const headers = { "content-type": mediaTypes.ociManifest };
  const put = await fetch(`${base}/manifests/${tag}`, { method: "PUT", headers, body: manifest });
  expect(put.status).toBe(201);
}

const random = (bytes: number) => {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 65536) crypto.getRandomValues(content.subarray(at, at + 65536));
  return content;
};
const accept = { headers: { accept: `${mediaTypes.ociManifest}, ${mediaTypes.dockerManifest}` } };

test.each(["zstd:chunked", "estargz"] as const)("%s: the next version of an image", async (format) => {
  const name = format.replace(":", "-");
  let sent = 0;
  const proxy = await harmful(real, async (request, answer) => {
    const response = await answer();
    if (isBlob(request)) sent += Number(response.headers.get("content-length"));
    return response;
  });
  try {
    const old: ChunkedFile[] = [
      { name: "busybox", content: readFileSync("/bin/busybox"), mode: 0o755 },
      { name: "data", content: random(4 << 20) },
    ];
    const data = Buffer.concat([(old[1]?.content ?? random(0)).subarray(0, 4_000_000), random(1000)]);
    const next = [...old.slice(0, 1), { name: "data", content: data }, { name: "new", content: random(10) }];
    const layers = [chunkedLayer(format, old), chunkedLayer(format, next)] as const;
    await push(name, "1", layers[0]);
    await push(name, "2", layers[1]);
    const image = `${proxy.host}/${name}`;
    await ok("pull", `${image}:1`);
    expect(sent).toBeGreaterThan(layers[0].blob.length);
    sent = 0;
    await ok("pull", `${image}:2`);
    expect(sent).toBeLessThan(layers[1].blob.length / 5);
    const [digest] = (await ok("run", "--rm", `${image}:2`, "/busybox", "sha256sum", "/data")).split(" ");
    expect(`sha256:${digest}`).toBe(digestOf(data));
    // What was put together is the registry's own blob, and goes on as such.
    await ok("tag", `${image}:2`, `${real}/${name}-copied`);
    await ok("push", `${real}/${name}-copied`);
    const manifest = await (await fetch(`http://${real}/v2/${name}-copied/manifests/latest`, accept)).text();
    expect(manifest).toContain(layers[1].descriptor.digest);
    // Nothing of it is needed any more where the first is gone: the whole comes.
    await client.forget(`${image}:1`, `${image}:2`, `${real}/${name}-copied`);
    sent = 0;
    await ok("pull", `${image}:2`);
    expect(sent).toBeGreaterThan(layers[1].blob.length);
    await client.forget(`${image}:2`);
  } finally {
    proxy.stop();
  }
});
