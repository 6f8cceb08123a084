import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { blobOf, codes, digestOf, pushBlob, pushImage, putManifest, randomBlob } from "./content.ts";
import { RegistryProcess } from "./process.ts";

let registry: RegistryProcess;
beforeAll(async () => void (registry = await RegistryProcess.start()));
afterAll(async () => await registry[Symbol.asyncDispose]());

const get = (path: string, init?: RequestInit) => registry.fetch(path, init);
const begin = async (name: string) => {
  const response = await get(`/v2/${name}/blobs/uploads/`, { method: "POST" });
  expect(response.status).toBe(202);
  expect(response.headers.get("range")).toBe("0-0");
  expect(response.headers.get("docker-upload-uuid")).toBeTruthy();
  return response.headers.get("location") ?? "";
};

describe("base", () => {
  test("announces the protocol", async () => {
    const response = await get("/v2/");
    expect(response.status).toBe(200);
    expect(response.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
    expect((await get("/v2/", { method: "HEAD" })).status).toBe(200);
  });

  test("an unknown method names those there are", async () => {
    const response = await get("/v2/a/tags/list", { method: "PUT" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET");
    expect(await codes(response)).toEqual(["UNSUPPORTED"]);
  });

  test("an unknown address is a 404 in the specification's form", async () => {
    const response = await get("/v2/a/nothing/b");
    expect(response.status).toBe(404);
    expect(await codes(response)).toEqual(["UNSUPPORTED"]);
  });
});

describe("uploads", () => {
  test("POST, then the whole by PUT", async () => {
    const blob = randomBlob(100_000);
    const location = await begin("up/mono");
    const response = await get(`${location}?digest=${blob.digest}`, { method: "PUT", body: blob.content });
    expect(response.status).toBe(201);
    expect(response.headers.get("docker-content-digest")).toBe(blob.digest);
    expect(response.headers.get("location")).toBe(`/v2/up/mono/blobs/${blob.digest}`);
    expect(Buffer.from(await (await get(`/v2/up/mono/blobs/${blob.digest}`)).bytes()).equals(blob.content)).toBe(true);
  });

  test("POST with everything at once", async () => {
    const blob = randomBlob(5000);
    const response = await get(`/v2/up/once/blobs/uploads/?digest=${blob.digest}`, { method: "POST", body: blob.content });
    expect(response.status).toBe(201);
    expect((await get(`/v2/up/once/blobs/${blob.digest}`, { method: "HEAD" })).headers.get("content-length")).toBe("5000");
  });

  test("POST with a digest but no content begins an upload", async () => {
    const blob = blobOf("later");
    const response = await get(`/v2/up/later/blobs/uploads/?digest=${blob.digest}`, { method: "POST" });
    expect(response.status).toBe(202);
    const end = await get(`${response.headers.get("location")}?digest=${blob.digest}`, { method: "PUT", body: blob.content });
    expect(end.status).toBe(201);
  });

  test("chunks with ranges, their status, and one out of order", async () => {
    const blob = randomBlob(3000);
    const location = await begin("up/chunks");
    const patch = (start: number, end: number) =>
      get(location, { method: "PATCH", body: blob.content.slice(start, end), headers: { "Content-Range": `${start}-${end - 1}`, "Content-Type": "application/octet-stream" } });
    const first = await patch(0, 1000);
    expect(first.status).toBe(202);
    expect(first.headers.get("range")).toBe("0-999");

    const wrong = await patch(2000, 3000);
    expect(wrong.status).toBe(416);
    expect(wrong.headers.get("range")).toBe("0-999");
    expect(wrong.headers.get("location")).toBe(location);

    const status = await get(location);
    expect(status.status).toBe(204);
    expect(status.headers.get("range")).toBe("0-999");
    expect(status.headers.get("location")).toBe(location);

    expect((await patch(1000, 2000)).headers.get("range")).toBe("0-1999");
    const end = await get(`${location}?digest=${blob.digest}`, { method: "PUT", body: blob.content.slice(2000), headers: { "Content-Range": "2000-2999" } });
    expect(end.status).toBe(201);
    expect((await get(location)).status).toBe(404);
  });

  test("a stream without length or range", async () => {
    const blob = randomBlob(700_000);
    const location = await begin("up/stream");
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < blob.size; at += 100_000) controller.enqueue(blob.content.slice(at, at + 100_000));
        controller.close();
      },
    });
    expect((await get(location, { method: "PATCH", body: stream })).headers.get("range")).toBe("0-699999");
    expect((await get(`${location}?digest=${blob.digest}`, { method: "PUT" })).status).toBe(201);
  });

  test("an empty blob", async () => {
    const blob = blobOf("");
    const location = await begin("up/empty");
    expect((await get(`${location}?digest=${blob.digest}`, { method: "PUT" })).status).toBe(201);
    const response = await get(`/v2/up/empty/blobs/${blob.digest}`);
    expect(response.status).toBe(200);
    expect((await response.bytes()).length).toBe(0);
  });

  test("sha512", async () => {
    const { content } = randomBlob(4000);
    const digest = digestOf(content, "sha512");
    const location = await begin("up/sha512");
    await get(location, { method: "PATCH", body: content });
    expect((await get(`${location}?digest=${digest}`, { method: "PUT" })).status).toBe(201);
    expect((await get(`/v2/up/sha512/blobs/${digest}`)).status).toBe(200);
  });

  test("cancel", async () => {
    const location = await begin("up/cancel");
    expect((await get(location, { method: "DELETE" })).status).toBe(204);
    expect(await codes(await get(location))).toEqual(["BLOB_UPLOAD_UNKNOWN"]);
    expect((await get(location, { method: "PATCH", body: "x" })).status).toBe(404);
  });

  test("content that is not what the digest says leaves nothing", async () => {
    const blob = randomBlob(100);
    const location = await begin("up/wrong");
    const response = await get(`${location}?digest=${blob.digest}`, { method: "PUT", body: "something else" });
    expect(response.status).toBe(400);
    expect(await codes(response)).toEqual(["DIGEST_INVALID"]);
    expect((await get(`/v2/up/wrong/blobs/${blob.digest}`)).status).toBe(404);
    expect((await get(location)).status).toBe(404);
  });

  test("mount from another repository, or from none in particular", async () => {
    const blob = randomBlob(3000);
    await pushBlob(registry, "mount/source", blob);
    const mounted = await get(`/v2/mount/target/blobs/uploads/?mount=${blob.digest}&from=mount/source`, { method: "POST" });
    expect(mounted.status).toBe(201);
    expect(mounted.headers.get("location")).toBe(`/v2/mount/target/blobs/${blob.digest}`);
    expect((await get(`/v2/mount/target/blobs/${blob.digest}`)).status).toBe(200);
    expect((await get(`/v2/mount/any/blobs/uploads/?mount=${blob.digest}`, { method: "POST" })).status).toBe(201);
    expect((await get(`/v2/mount/not/blobs/uploads/?mount=${blob.digest}&from=mount/nowhere`, { method: "POST" })).status).toBe(202);
    expect((await get(`/v2/mount/not/blobs/${blob.digest}`)).status).toBe(404);
  });

  test("an upload belongs to its repository", async () => {
    const location = await begin("up/mine");
    expect((await get(location.replace("up/mine", "up/theirs"), { method: "PATCH", body: "x" })).status).toBe(404);
  });

  test("announced lengths must agree", async () => {
    const location = await begin("up/lengths");
    const response = await get(location, { method: "PATCH", body: "12345", headers: { "Content-Range": "0-9" } });
    expect(response.status).toBe(400);
    expect(await codes(response)).toEqual(["SIZE_INVALID"]);
  });
});

describe("blobs", () => {
  const blob = randomBlob(10_000);
  const path = `/v2/blobs/here/blobs/${blob.digest}`;
  beforeAll(async () => await pushBlob(registry, "blobs/here", blob));

  test("ranges", async () => {
    const range = async (header: string) => {
      const response = await get(path, { headers: { Range: header } });
      return { status: response.status, range: response.headers.get("content-range"), body: Buffer.from(await response.bytes()) };
    };
    const middle = await range("bytes=1000-1999");
    expect(middle.status).toBe(206);
    expect(middle.range).toBe("bytes 1000-1999/10000");
    expect(middle.body.equals(blob.content.slice(1000, 2000))).toBe(true);
    expect((await range("bytes=9000-")).body.equals(blob.content.slice(9000))).toBe(true);
    expect((await range("bytes=-10")).body.equals(blob.content.slice(-10))).toBe(true);
    expect((await range("bytes=9999-20000")).range).toBe("bytes 9999-9999/10000");
    const outside = await range("bytes=10000-");
    expect(outside.status).toBe(416);
    expect(outside.range).toBe("bytes */10000");
    expect((await range("bytes=0-1,5-6")).status).toBe(200);
    expect((await range("lines=0-1")).status).toBe(200);
  });

  test("conditions", async () => {
    const etag = (await get(path, { method: "HEAD" })).headers.get("etag") ?? "";
    expect(etag).toBe(`"${blob.digest}"`);
    expect((await get(path, { headers: { "If-None-Match": etag } })).status).toBe(304);
    expect((await get(path, { headers: { "If-None-Match": '"other"' } })).status).toBe(200);
    expect((await get(path, { headers: { Range: "bytes=0-9", "If-Range": etag } })).status).toBe(206);
    expect((await get(path, { headers: { Range: "bytes=0-9", "If-Range": '"other"' } })).status).toBe(200);
  });

  test("HEAD tells length and digest, and an unknown one is a 404", async () => {
    const response = await get(path, { method: "HEAD" });
    expect(response.headers.get("content-length")).toBe("10000");
    expect(response.headers.get("docker-content-digest")).toBe(blob.digest);
    expect((await get(path.replace("blobs/here", "blobs/elsewhere"), { method: "HEAD" })).status).toBe(404);
    expect(await codes(await get(`/v2/blobs/here/blobs/sha256:${"0".repeat(64)}`))).toEqual(["BLOB_UNKNOWN"]);
  });

  test("deletion, unless a manifest needs it", async () => {
    const loose = randomBlob(10);
    await pushBlob(registry, "blobs/loose", loose);
    expect((await get(`/v2/blobs/loose/blobs/${loose.digest}`, { method: "DELETE" })).status).toBe(202);
    expect((await get(`/v2/blobs/loose/blobs/${loose.digest}`)).status).toBe(404);
    expect((await get(`/v2/blobs/loose/blobs/${loose.digest}`, { method: "DELETE" })).status).toBe(404);
    const image = await pushImage(registry, "blobs/needed", "v1");
    const refused = await get(`/v2/blobs/needed/blobs/${image.config.digest}`, { method: "DELETE" });
    expect(refused.status).toBe(405);
    expect(await codes(refused)).toEqual(["UNSUPPORTED"]);
  });
});

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
      expect((await get(`/v2/man/simple/manifests/${reference}`, { headers: { "If-None-Match": `"${manifest.digest}"` } })).status).toBe(304);
    }
  });

  test("a tag moves; both manifests stay", async () => {
    const first = await pushImage(registry, "man/moves", "latest");
    const second = await pushImage(registry, "man/moves", "latest");
    expect((await get("/v2/man/moves/manifests/latest", { method: "HEAD" })).headers.get("docker-content-digest")).toBe(second.manifest.digest);
    expect((await get(`/v2/man/moves/manifests/${first.manifest.digest}`)).status).toBe(200);
  });

  test("an index needs its manifests; they need it back", async () => {
    const { manifest } = await pushImage(registry, "man/index", "");
    const entry = { mediaType: mediaTypes.ociManifest, digest: manifest.digest, size: manifest.size, platform: { os: "linux", architecture: "amd64" } };
    const index = blobOf(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] }));
    expect((await putManifest(registry, "man/index", "multi", index, mediaTypes.ociIndex)).status).toBe(201);
    const missing = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [{ ...entry, digest: `sha256:${"1".repeat(64)}` }] });
    expect(await codes(await putManifest(registry, "man/index", "broken", missing, mediaTypes.ociIndex))).toEqual(["MANIFEST_BLOB_UNKNOWN"]);
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
      layers: [{ mediaType: mediaTypes.dockerForeignLayer, digest: `sha256:${"2".repeat(64)}`, size: 5, urls: ["https://example.com/layer"] }],
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
    const subjectDescriptor = { mediaType: mediaTypes.ociManifest, digest: subject.manifest.digest, size: subject.manifest.size };
    const empty = blobOf("{}");
    await pushBlob(registry, "ref/app", empty);
    const push = async (artifactType: string) => {
      const manifest = blobOf(JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        artifactType,
        config: { mediaType: mediaTypes.ociEmpty, digest: empty.digest, size: empty.size },
        layers: [],
        subject: subjectDescriptor,
        annotations: { kind: artifactType },
      }));
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
    expect(manifests.map((entry: { digest: string }) => entry.digest).sort()).toEqual([signature.digest, sbom.digest].sort());
    const filtered = await get(`/v2/ref/app/referrers/${subject.manifest.digest}?artifactType=application/vnd.example.sbom`);
    expect(filtered.headers.get("oci-filters-applied")).toBe("artifactType");
    expect((await registry.json(filtered.url)).manifests).toEqual([
      { mediaType: mediaTypes.ociManifest, digest: sbom.digest, size: sbom.size, artifactType: "application/vnd.example.sbom", annotations: { kind: "application/vnd.example.sbom" } },
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
