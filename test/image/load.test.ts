import { expect, test } from "bun:test";
import { type LoadOptions, loadImages } from "../../src/image/archive/load.ts";
import { saveImages } from "../../src/image/archive/save.ts";
import { pruneImages } from "../../src/image/collect/prune.ts";
import { imageManifests } from "../../src/image/index/manifests.ts";
import { removeImage } from "../../src/image/remove.ts";
import { resolveImage } from "../../src/image/resolve.ts";
import { allImages } from "../../src/image/table.ts";
import { listImages } from "../../src/image/view/list.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { Descriptor, Platform } from "../../src/oci/image.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { hostPlatform, parsePlatform } from "../../src/oci/platform.ts";
import { bytesOf, chunked, collect, dockerArchive, failure, type Member, TestStore, tarOf, textOf } from "./harness.ts";

const load = (store: TestStore, archive: Uint8Array, options: LoadOptions = {}) =>
  collect(loadImages(store.deps, chunked(archive), options));

/** An OCI layout under construction. */
class Layout {
  readonly #blobs = new Map<string, Buffer>();

  add(mediaType: string, content: Uint8Array | object, extra: Partial<Descriptor> = {}): Descriptor {
    const bytes = content instanceof Uint8Array ? Buffer.from(content) : Buffer.from(JSON.stringify(content));
    const digest = digestOf(bytes);
    this.#blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, ...extra };
  }

  image(platform: Platform, layer: Buffer, extra: Partial<Descriptor> = {}): Descriptor {
    const config = this.add(mediaTypes.ociConfig, {
      ...platform,
      rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
    });
    const packed = this.add(mediaTypes.ociLayerGzip, Bun.gzipSync(new Uint8Array(layer)));
    return this.add(
      mediaTypes.ociManifest,
      { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [packed] },
      { platform, ...extra },
    );
  }

  tar(manifests: Descriptor[], drop: string[] = []): Buffer {
    const members: Member[] = [...this.#blobs]
      .filter(([digest]) => !drop.includes(digest))
      .map(([digest, content]) => ({ name: `blobs/sha256/${digest.slice(7)}`, content }));
    return tarOf(
      { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
      { name: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests }) },
      ...members,
    );
  }
}

const layerFor = (name: string) => tarOf({ name, content: name });
const named = (name: string) => ({ annotations: { "io.containerd.image.name": name } });

test("of several platforms the one that suits is taken", async () => {
  const layout = new Layout();
  const [amd, arm] = [parsePlatform("linux/amd64"), parsePlatform("linux/arm64")];
  const attestation = layout.image({ os: "unknown", architecture: "unknown" }, layerFor("attestation"), {
    annotations: { "vnd.docker.reference.type": "attestation-manifest" },
  });
  const index = layout.add(
    mediaTypes.ociIndex,
    {
      schemaVersion: 2,
      manifests: [attestation, layout.image(arm, layerFor("arm")), layout.image(amd, layerFor("amd"))],
    },
    named("docker.io/library/multi:1"),
  );
  const archive = layout.tar([index]);
  await using store = new TestStore();
  expect(textOf(await load(store, archive, { platforms: [arm] }))).toBe("Loaded image: multi:1\n");
  expect(resolveImage(store.deps, "multi:1").platform).toEqual({ os: "linux", architecture: "arm64" });
  expect(textOf(await load(store, archive, { platforms: [amd], quiet: true }))).toBe("Loaded image: multi:1\n");
  const image = resolveImage(store.deps, "multi:1");
  expect(image.platform.architecture).toBe("amd64");
  expect(image.manifestDigest).toMatch(/^sha256:/);
  expect(await failure(load(store, archive, { platforms: [parsePlatform("linux/s390x")] }))).toBe(
    "no image in the archive is made for linux/s390x",
  );
  // What came by the same index stays beside it.
  expect(resolveImage(store.deps, "multi:1", { platform: arm }).platform.architecture).toBe("arm64");
  expect(() => resolveImage(store.deps, "multi:1", { platform: parsePlatform("linux/s390x") })).toThrow(
    "was found but its platform (linux/amd64) does not match the specified platform (linux/s390x)",
  );
});

test("several platforms of one image: loaded, saved, loaded again, listed and removed together", async () => {
  const layout = new Layout();
  const platforms = ["linux/arm64", "linux/arm/v7", "linux/amd64"].map(parsePlatform);
  const index = layout.add(
    mediaTypes.ociIndex,
    {
      schemaVersion: 2,
      manifests: platforms.map((platform) => layout.image(platform, layerFor(platform.architecture))),
    },
    named("docker.io/library/multi:1"),
  );
  await using store = new TestStore();
  await load(store, layout.tar([index]), { platforms });
  const archive = await bytesOf(await saveImages(store.deps, ["multi:1"], { platforms }));
  await expect(saveImages(store.deps, ["multi:1"], { platforms: [parsePlatform("linux/s390x")] })).rejects.toThrow(
    "no suitable export target found for platform linux/s390x",
  );
  await using other = new TestStore();
  expect(textOf(await load(other, archive, { platforms, quiet: true }))).toBe("Loaded image: multi:1\n");
  for (const platform of platforms)
    expect(resolveImage(other.deps, "multi:1", { platform }).id).toBe(
      resolveImage(store.deps, "multi:1", { platform }).id,
    );
  // One image in the list, with its platforms; nothing of it is rubbish.
  expect(listImages(other.deps)).toHaveLength(1);
  expect(
    (await imageManifests(other.deps, ["multi:1"]))
      ?.map((manifest) => manifest.ImageData?.Platform?.architecture)
      .sort(),
  ).toEqual(["amd64", "arm", "arm64"]);
  expect((await pruneImages(other.deps)).ImagesDeleted).toBeNull();
  expect(allImages(other.deps.store)).toHaveLength(3);
  await removeImage(other.deps, "multi:1");
  expect(allImages(other.deps.store)).toEqual([]);
  // Who knows `manifest.json` only gets this machine's by the name.
  expect(textOf(await load(other, archive, { quiet: true }))).toContain("Loaded image: multi:1\n");
  expect(resolveImage(other.deps, "multi:1").platform.architecture).toBe(hostPlatform().architecture);
  expect(listImages(other.deps)).toHaveLength(1);
  expect(resolveImage(other.deps, "multi:1", { platform: parsePlatform("linux/arm/v7") }).platform.architecture).toBe(
    "arm",
  );
});

test("two names, one image; a bare tag is no name", async () => {
  const layout = new Layout();
  const platform = parsePlatform("linux");
  const image = layout.image(platform, layerFor("x"));
  const archive = layout.tar([
    { ...image, ...named("a:1") },
    { ...image, ...named("example.com/b:2") },
  ]);
  await using store = new TestStore();
  expect(textOf(await load(store, archive))).toBe("Loaded image: a:1\nLoaded image: example.com/b:2\n");
  const bare = layout.tar([{ ...image, annotations: { "org.opencontainers.image.ref.name": "latest" } }]);
  expect(textOf(await load(store, bare))).toBe(`Loaded image ID: ${resolveImage(store.deps, "a:1").id}\n`);
});

test("layouts that lie or lack something are refused", async () => {
  await using store = new TestStore();
  const layout = new Layout();
  const image = layout.image(parsePlatform("linux"), layerFor("x"), named("x:1"));
  expect(await failure(load(store, layout.tar([image], [image.digest])))).toContain("no such file in archive");
  const lying = layout.tar([image]);
  lying.write("Y", lying.indexOf('"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest') - 1);
  expect(await failure(load(store, lying))).toContain("does not have that digest");
  const wrongLayer = new Layout();
  const config = wrongLayer.add(mediaTypes.ociConfig, {
    os: "linux",
    architecture: "amd64",
    rootfs: { diff_ids: [digestOf("other")] },
  });
  const packed = wrongLayer.add(mediaTypes.ociLayer, layerFor("x"));
  const manifest = wrongLayer.add(mediaTypes.ociManifest, { schemaVersion: 2, config, layers: [packed] });
  expect(await failure(load(store, wrongLayer.tar([manifest])))).toContain("wrong diff id calculated on extraction");
  const unknown = wrongLayer.add(mediaTypes.ociManifest, {
    schemaVersion: 2,
    config,
    layers: [{ ...packed, mediaType: "application/x-strange" }],
  });
  expect(await failure(load(store, wrongLayer.tar([unknown])))).toBe(
    "unsupported layer media type application/x-strange",
  );
  const none = wrongLayer.add(mediaTypes.ociManifest, { schemaVersion: 2, config, layers: [] });
  expect(await failure(load(store, wrongLayer.tar([none])))).toBe(
    "invalid manifest, layers length mismatch: expected 1, got 0",
  );
  expect(await collect(store.deps.blobs.list())).toEqual([]);
});

test("Docker archives: shared layers by links, names that are no paths", async () => {
  await using store = new TestStore();
  const layer = layerFor("x");
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: [digestOf(layer), digestOf(layer)] },
  });
  const manifest = (layers: string[], name = "c.json") =>
    JSON.stringify([{ Config: name, RepoTags: ["link:1"], Layers: layers }]);
  const links: Member[] = [
    { name: "./c.json", content: config },
    { name: "one/layer.tar", content: layer },
    { name: "two/layer.tar", type: "symlink", linkName: "../one/layer.tar" },
    { name: "loop", type: "symlink", linkName: "loop" },
  ];
  expect(
    textOf(
      await load(
        store,
        tarOf(...links, { name: "manifest.json", content: manifest(["one/layer.tar", "two/layer.tar"]) }),
      ),
    ),
  ).toBe("Loaded image: link:1\n");
  await using fresh = new TestStore();
  for (const bad of ["../../../../etc/passwd", "/etc/passwd", "loop", "one"]) {
    expect(
      await failure(load(fresh, tarOf(...links, { name: "manifest.json", content: manifest([bad, bad]) }))),
    ).toContain("no such file in archive");
    expect(
      await failure(load(fresh, tarOf(...links, { name: "manifest.json", content: manifest([], bad) }))),
    ).toContain("no such file in archive");
  }
  expect(
    await failure(load(store, tarOf({ name: "manifest.json", content: '[{"Config":"c","RepoTags":["UPPER:1"]}]' }))),
  ).toContain("must be lowercase");
});

test("many images and layers at once", async () => {
  await using store = new TestStore();
  const images = Array.from({ length: 5 }, (_, i) => ({
    tags: [`many:${i}`, `more:${i}`],
    layers: Array.from({ length: 6 }, (_, n) => layerFor(n < 4 ? `shared${n}` : `own${i}-${n}`)),
  }));
  const events = await load(store, dockerArchive(...images));
  expect(
    events.filter((event) => event.status === "Loading layer" && event.progressDetail?.current === 0),
  ).toHaveLength(4 + 5 * 2);
  expect(events.filter((event) => event.stream?.startsWith("Loaded image: "))).toHaveLength(10);
  expect((await store.deps.snapshotter.list()).chainIds).toHaveLength(14);
  // Several loads at a time share what they have in common.
  await using other = new TestStore();
  await Promise.all([0, 1, 2].map(() => load(other, dockerArchive(...images))));
  expect((await other.deps.snapshotter.list()).chainIds).toHaveLength(14);
  expect((await other.deps.snapshotter.list()).keys).toEqual([]);
});
