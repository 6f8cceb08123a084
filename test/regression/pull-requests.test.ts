/** What a pull asks a registry for, and what it makes of the answers: counted, cut and watched from between the two. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { Daemon, sh, until } from "../harness.ts";
import { type Blob, blobOf, digestOf, pushBlob, pushImage, putManifest, randomBlob } from "../registry/content.ts";
import { RegistryProcess } from "../registry/process.ts";

let daemon: Daemon;
let registry: RegistryProcess;
const scratch = mkdtempSync("/tmp/berth-pull-requests-");

beforeAll(async () => {
  daemon = await Daemon.start({ images: [] });
  registry = await RegistryProcess.start();
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const ok = async (...args: string[]): Promise<string> => {
  const result = await daemon.berth(...args);
  if (result.exitCode !== 0)
    throw new Error(`berth ${args.join(" ")}: ${result.stderr}${result.stdout}\n${daemon.log()}`);
  return result.stdout.trim();
};

/** An archive with one file of random content, plain and compressed. */
async function layer(bytes = 1000): Promise<{ diffId: string; packed: Uint8Array<ArrayBuffer> }> {
  const folder = mkdtempSync(join(scratch, "layer-"));
  writeFileSync(join(folder, "file"), randomBlob(bytes).content);
  const plain = await Bun.spawn(["tar", "-c", "-C", folder, "file"], { stdout: "pipe" }).stdout.bytes();
  return { diffId: digestOf(plain), packed: Bun.gzipSync(plain, { level: 1 }) };
}

const configOf = (...diffIds: string[]) =>
  JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: diffIds },
    nonce: Math.random(),
  });

/** Passes everything on to the registry, and writes down what was asked. */
function between(change?: (request: Request) => Response | undefined): {
  host: string;
  asked: string[];
  stop(): Promise<void>;
} {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname, search } = new URL(request.url);
      asked.push(`${request.method} ${pathname}`);
      return (
        change?.(request) ??
        fetch(`${registry.url}${pathname}${search}`, {
          method: request.method,
          headers: request.headers,
          body: request.body,
          redirect: "manual",
          decompress: false,
        })
      );
    },
  });
  return { host: `127.0.0.1:${server.port}`, asked, stop: () => server.stop(true) };
}

test("a pull of what is here is one HEAD, of a tag, an index and a digest alike", async () => {
  const { diffId, packed } = await layer();
  const image = await pushImage(registry, "here/plain", "1", { layers: [blobOf(packed)], config: configOf(diffId) });
  await pushImage(registry, "here/many", "one", { layers: [blobOf(packed)], config: configOf(diffId) });
  const child = await pushImage(registry, "here/many", "two", { layers: [blobOf(packed)], config: configOf(diffId) });
  const index = blobOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        {
          mediaType: mediaTypes.ociManifest,
          digest: child.manifest.digest,
          size: child.manifest.size,
          platform: { os: "linux", architecture: "amd64" },
        },
      ],
    }),
  );
  expect((await putManifest(registry, "here/many", "all", index, mediaTypes.ociIndex)).status).toBe(201);
  const proxy = between();
  try {
    for (const name of ["here/plain:1", "here/many:all", `here/plain@${image.manifest.digest}`]) {
      await ok("pull", `${proxy.host}/${name}`);
      proxy.asked.length = 0;
      expect(await ok("pull", `${proxy.host}/${name}`)).toContain("Image is up to date");
      expect(proxy.asked).toEqual([`HEAD /v2/${name.replace(/[:@]/, "/manifests/")}`]);
    }
    // The tag has moved on: it is fetched.
    await pushImage(registry, "here/plain", "1", { layers: [blobOf(packed)], config: configOf(diffId) });
    expect(await ok("pull", `${proxy.host}/here/plain:1`)).toContain("Downloaded newer image");
  } finally {
    await proxy.stop();
  }
});

test("a registry that knows no HEAD of manifests is asked as before", async () => {
  const { diffId, packed } = await layer();
  await pushImage(registry, "nohead/a", "1", { layers: [blobOf(packed)], config: configOf(diffId) });
  const proxy = between((request) => (request.method === "HEAD" ? new Response(null, { status: 405 }) : undefined));
  try {
    await ok("pull", `${proxy.host}/nohead/a:1`);
    expect(await ok("pull", `${proxy.host}/nohead/a:1`)).toContain("Image is up to date");
  } finally {
    await proxy.stop();
  }
});

test("of a blob that the registry lacks the error says which", async () => {
  for (const which of ["layer", "config"]) {
    const { diffId, packed } = await layer();
    const { config, layers } = await pushImage(registry, "lacks/a", "1", {
      layers: [blobOf(packed)],
      config: configOf(diffId),
    });
    const gone = which === "config" ? config.digest : (layers[0]?.digest ?? "");
    const proxy = between((request) =>
      request.url.endsWith(`/blobs/${gone}`)
        ? Response.json({ errors: [{ code: "BLOB_UNKNOWN", message: "blob unknown to registry" }] }, { status: 404 })
        : undefined,
    );
    try {
      const pulled = await daemon.berth("pull", `${proxy.host}/lacks/a:1`);
      expect(pulled.exitCode).toBe(1);
      expect(pulled.stderr).toContain(`failed to copy ${gone}: blob unknown: blob unknown to registry`);
    } finally {
      await proxy.stop();
    }
  }
});

/** An image whose manifest, configuration and layer are all named by sha512. */
async function pushBySha512(name: string, tag: string): Promise<{ digest: string; layer: Blob }> {
  const { diffId, packed } = await layer(3000);
  const by512 = (content: Uint8Array | string): Blob => ({ ...blobOf(content), digest: digestOf(content, "sha512") });
  const [config, only] = [by512(configOf(diffId)), by512(packed)];
  for (const blob of [config, only]) await pushBlob(registry, name, blob);
  const manifest = by512(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: config.digest, size: config.size },
      layers: [{ mediaType: mediaTypes.ociLayerGzip, digest: only.digest, size: only.size }],
    }),
  );
  for (const reference of [manifest.digest, tag])
    expect((await putManifest(registry, name, reference, manifest)).status).toBe(201);
  return { digest: manifest.digest, layer: only };
}

test("digests by sha512 are pulled, saved, loaded and pushed on as they are", async () => {
  const { digest, layer: only } = await pushBySha512("sha512/a", "1");
  const [byTag, byDigest] = [`${registry.address}/sha512/a:1`, `${registry.address}/sha512/a@${digest}`];
  expect(await ok("pull", byDigest)).toContain(`Digest: ${digest}`);
  expect(await ok("pull", byDigest)).toContain("Image is up to date");
  await ok("pull", byTag);
  const { id, digests } = JSON.parse(
    await ok("inspect", "-f", '{"id":{{json .Id}},"digests":{{json .RepoDigests}}}', byTag),
  );
  expect(id).toMatch(/^sha256:/);
  expect(digests).toContain(byDigest);

  const archive = join(scratch, "sha512.tar");
  await ok("save", "-o", archive, byTag);
  expect((await sh(["tar", "-tf", archive])).stdout).toContain(`blobs/sha512/${only.digest.slice("sha512:".length)}`);
  await ok("tag", byTag, `${registry.address}/sha512/b:1`);
  await ok("push", `${registry.address}/sha512/b:1`);
  expect((await registry.fetch(`/v2/sha512/b/blobs/${only.digest}`, { method: "HEAD" })).status).toBe(200);
  const removed = await ok("rmi", byTag, `${registry.address}/sha512/b:1`);
  expect(removed).toContain(`Deleted: ${id}`);
  expect((await sh(["sh", "-c", `ls ${daemon.dataRoot}/blobs/sha512`])).stdout).toBe("");
  expect(await ok("load", "-i", archive)).toContain("Loaded image");
  expect(await ok("inspect", "-f", "{{.Id}}", byTag)).toBe(id);
});

test("what a sha512 digest does not fit is refused", async () => {
  const { layer: only } = await pushBySha512("sha512/false", "1");
  const proxy = between((request) => {
    if (!request.url.endsWith(`/blobs/${only.digest}`)) return undefined;
    const content = Uint8Array.from(only.content);
    content[20] = (content[20] ?? 0) ^ 1;
    return new Response(content);
  });
  try {
    expect((await daemon.berth("pull", `${proxy.host}/sha512/false:1`)).stderr).toMatch(
      /unexpected digest sha512:\w+, expected sha512:/,
    );
  } finally {
    await proxy.stop();
  }
});

test("a registry that dies amid a pull and a push, and is back soon, is waited for", async () => {
  const { diffId, packed } = await layer(30_000_000);
  await pushImage(registry, "dies/a", "1", { layers: [blobOf(packed)], config: configOf(diffId) });
  const name = `${registry.address}/dies/a:1`;
  const restart = async () => {
    await registry.kill();
    await Bun.sleep(1500);
    await registry.up();
  };
  const pulling = ok("pull", name);
  await until(
    "some of the layer",
    async () =>
      Number((await sh(["sh", "-c", `find ${daemon.dataRoot}/blobs/partial -type f -size +500k | wc -l`])).stdout) > 0,
  );
  await restart();
  expect(await pulling).toContain("Downloaded newer image");

  await ok("tag", name, `${registry.address}/dies/b:1`);
  // As one that knows nothing of the blob: no mount.
  await registry.terminate();
  rmSync(join(registry.root, "data"), { recursive: true, force: true });
  mkdirSync(join(registry.root, "data"));
  await registry.up();
  const pushing = ok("push", `${registry.address}/dies/b:1`);
  await until(
    "some of the upload",
    async () =>
      Number((await sh(["sh", "-c", `find ${registry.data}/uploads -type f -size +500k | wc -l`])).stdout) > 0,
  );
  await restart();
  expect(await pushing).toContain("digest: sha256:");
});
