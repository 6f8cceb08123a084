import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { blobOf, codes, digestOf, pushBlob, pushImage, putManifest } from "./content.ts";
import { RegistryProcess } from "./process.ts";

let registry: RegistryProcess;
beforeAll(async () => void (registry = await RegistryProcess.start()));
afterAll(async () => await registry[Symbol.asyncDispose]());

const get = (path: string, init?: RequestInit) => registry.fetch(path, init);

describe("manifests", () => {
  test("come back byte for byte, by tag and by digest", async () => {
    const { manifest } = await pushImage(registry, "man/simple", "v1");
    for (const reference of ["v1", manifest.digest]) {
      const response = await get(`/v2/man/simple/manifests/${reference}`);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe(mediaTypes.ociManifest);
      expect(response.headers.get("docker-content-digest")).toBe(manifest.digest);
      expect(Buffer.from(await response.bytes()).equals(manifest.content)).toBe(true);
      const head = await get(`/v2/man/simple/manifests/${reference}`, { method: "HEAD" });
      expect(head.headers.get("content-length")).toBe(String(manifest.size));
      expect(
        (await get(`/v2/man/simple/manifests/${reference}`, { headers: { "If-None-Match": `"${manifest.digest}"` } }))
          .status,
      ).toBe(304);
    }
  });

  test("a tag moves; both manifests stay", async () => {
    const first = await pushImage(registry, "man/moves", "latest");
    const second = await pushImage(registry, "man/moves", "latest");
    expect((await get("/v2/man/moves/manifests/latest", { method: "HEAD" })).headers.get("docker-content-digest")).toBe(
      second.manifest.digest,
    );
    expect((await get(`/v2/man/moves/manifests/${first.manifest.digest}`)).status).toBe(200);
  });

  test("an index needs its manifests; they need it back", async () => {
    const { manifest } = await pushImage(registry, "man/index", "");
    const entry = {
      mediaType: mediaTypes.ociManifest,
      digest: manifest.digest,
      size: manifest.size,
      platform: { os: "linux", architecture: "amd64" },
    };
    const index = blobOf(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] }));
    expect((await putManifest(registry, "man/index", "multi", index, mediaTypes.ociIndex)).status).toBe(201);
    const missing = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [{ ...entry, digest: `sha256:${"1".repeat(64)}` }],
    });
    expect(await codes(await putManifest(registry, "man/index", "broken", missing, mediaTypes.ociIndex))).toEqual([
      "MANIFEST_BLOB_UNKNOWN",
    ]);
    expect((await get(`/v2/man/index/manifests/${manifest.digest}`, { method: "DELETE" })).status).toBe(405);
    expect((await get(`/v2/man/index/manifests/${index.digest}`, { method: "DELETE" })).status).toBe(202);
  });

  test("Docker's types, and those without a header", async () => {
    const { config, layers } = await pushImage(registry, "man/docker", "oci");
    const docker = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: { mediaType: mediaTypes.dockerConfig, digest: config.digest, size: config.size },
      layers: layers.map(({ digest, size }) => ({ mediaType: mediaTypes.dockerLayerGzip, digest, size })),
    });
    expect((await putManifest(registry, "man/docker", "v2", docker, mediaTypes.dockerManifest)).status).toBe(201);
    expect((await putManifest(registry, "man/docker", "untyped", docker, "application/json")).status).toBe(201);
    expect((await get("/v2/man/docker/manifests/untyped")).headers.get("content-type")).toBe(mediaTypes.dockerManifest);
  });

  test("foreign layers live elsewhere", async () => {
    const { config } = await pushImage(registry, "man/foreign", "base");
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: { mediaType: mediaTypes.dockerConfig, digest: config.digest, size: config.size },
      layers: [
        {
          mediaType: mediaTypes.dockerForeignLayer,
          digest: `sha256:${"2".repeat(64)}`,
          size: 5,
          urls: ["https://example.com/layer"],
        },
      ],
    });
    expect((await putManifest(registry, "man/foreign", "v1", manifest, mediaTypes.dockerManifest)).status).toBe(201);
  });

  test("deletion of a tag keeps the manifest; of the manifest takes its tags", async () => {
    const { manifest } = await pushImage(registry, "man/delete", "a");
    await putManifest(registry, "man/delete", "b", manifest);
    expect((await get("/v2/man/delete/manifests/a", { method: "DELETE" })).status).toBe(202);
    expect((await get("/v2/man/delete/manifests/a")).status).toBe(404);
    expect((await get("/v2/man/delete/manifests/b")).status).toBe(200);
    expect((await get(`/v2/man/delete/manifests/${manifest.digest}`, { method: "DELETE" })).status).toBe(202);
    expect(await codes(await get("/v2/man/delete/manifests/b"))).toEqual(["MANIFEST_UNKNOWN"]);
    expect((await get(`/v2/man/delete/manifests/${manifest.digest}`, { method: "DELETE" })).status).toBe(404);
    expect(await registry.json("/v2/man/delete/tags/list")).toEqual({ name: "man/delete", tags: [] });
  });

  test("several tags in one push by digest", async () => {
    const { manifest } = await pushImage(registry, "man/tags", "");
    const response = await putManifest(registry, "man/tags", `${manifest.digest}?tag=1.2&tag=latest`, manifest);
    expect(response.status).toBe(201);
    expect(response.headers.get("oci-tag")).toBe("1.2, latest");
    expect((await registry.json("/v2/man/tags/tags/list")).tags).toEqual(["1.2", "latest"]);
  });

  test("by sha512", async () => {
    const { manifest } = await pushImage(registry, "man/sha512", "v1");
    const digest = digestOf(manifest.content, "sha512");
    const response = await putManifest(registry, "man/sha512", digest, manifest);
    expect(response.status).toBe(201);
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect((await get(`/v2/man/sha512/manifests/${digest}`)).status).toBe(200);
  });
});

describe("referrers", () => {
  test("name their subject, are listed and filtered", async () => {
    const subject = await pushImage(registry, "ref/app", "v1");
    const subjectDescriptor = {
      mediaType: mediaTypes.ociManifest,
      digest: subject.manifest.digest,
      size: subject.manifest.size,
    };
    const empty = blobOf("{}");
    await pushBlob(registry, "ref/app", empty);
    const push = async (artifactType: string) => {
      const manifest = blobOf(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.ociManifest,
          artifactType,
          config: { mediaType: mediaTypes.ociEmpty, digest: empty.digest, size: empty.size },
          layers: [],
          subject: subjectDescriptor,
          annotations: { kind: artifactType },
        }),
      );
      const response = await putManifest(registry, "ref/app", manifest.digest, manifest);
      expect(response.status).toBe(201);
      expect(response.headers.get("oci-subject")).toBe(subject.manifest.digest);
      return manifest;
    };
    const signature = await push("application/vnd.example.signature");
    const sbom = await push("application/vnd.example.sbom");
    const response = await get(`/v2/ref/app/referrers/${subject.manifest.digest}`);
    expect(response.headers.get("content-type")).toBe(mediaTypes.ociIndex);
    const { manifests } = await registry.json(`/v2/ref/app/referrers/${subject.manifest.digest}`);
    expect(manifests.map((entry: { digest: string }) => entry.digest).sort()).toEqual(
      [signature.digest, sbom.digest].sort(),
    );
    const filtered = await get(
      `/v2/ref/app/referrers/${subject.manifest.digest}?artifactType=application/vnd.example.sbom`,
    );
    expect(filtered.headers.get("oci-filters-applied")).toBe("artifactType");
    expect((await registry.json(filtered.url)).manifests).toEqual([
      {
        mediaType: mediaTypes.ociManifest,
        digest: sbom.digest,
        size: sbom.size,
        artifactType: "application/vnd.example.sbom",
        annotations: { kind: "application/vnd.example.sbom" },
      },
    ]);
    const none = await get(`/v2/ref/app/referrers/sha256:${"3".repeat(64)}`);
    expect(none.status).toBe(200);
    expect((await registry.json(none.url)).manifests).toEqual([]);
  });
});

describe("listings", () => {
  test("tags in order, in pages", async () => {
    const { manifest } = await pushImage(registry, "list/tags", "Beta");
    for (const tag of ["alpha", "gamma", "Alpha", "beta2"]) await putManifest(registry, "list/tags", tag, manifest);
    const all = ["Alpha", "alpha", "Beta", "beta2", "gamma"];
    expect((await registry.json("/v2/list/tags/tags/list")).tags).toEqual(all);
    const seen: string[] = [];
    let path: string | undefined = "/v2/list/tags/tags/list?n=2";
    while (path) {
      const response = await get(path);
      const { tags } = await registry.json(path);
      expect(tags.length).toBeLessThanOrEqual(2);
      seen.push(...tags);
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual(all);
    expect((await registry.json("/v2/list/tags/tags/list?last=alpha")).tags).toEqual(["Beta", "beta2", "gamma"]);
    expect((await registry.json("/v2/list/tags/tags/list?n=0")).tags).toEqual([]);
    expect(await codes(await get("/v2/list/tags/tags/list?n=-1"))).toEqual(["PAGINATION_NUMBER_INVALID"]);
    expect(await codes(await get("/v2/list/nothing/tags/list"))).toEqual(["NAME_UNKNOWN"]);
  });

  test("the catalogue, in pages", async () => {
    for (const name of ["cat/a", "cat/b", "cat/c"]) await pushImage(registry, name, "v1");
    const response = await get("/v2/_catalog?n=2&last=cat");
    expect((await registry.json(response.url)).repositories).toEqual(["cat/a", "cat/b"]);
    expect(response.headers.get("link")).toBe('</v2/_catalog?n=2&last=cat%2Fb>; rel="next"');
    expect((await registry.json("/v2/_catalog")).repositories).toContain("cat/c");
  });

  test("words of the protocol are fine as parts of names", async () => {
    await pushImage(registry, "blobs/uploads/manifests/tags", "list");
    expect((await get("/v2/blobs/uploads/manifests/tags/manifests/list")).status).toBe(200);
    expect((await registry.json("/v2/blobs/uploads/manifests/tags/tags/list")).tags).toEqual(["list"]);
  });
});
