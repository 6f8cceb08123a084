import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { until } from "../harness.ts";
import { blobOf, codes, digestOf, pushBlob, pushImage, putManifest, randomBlob } from "./content.ts";
import { RegistryProcess } from "./process.ts";

let registry: RegistryProcess;
beforeAll(async () => void (registry = await RegistryProcess.start(["--max-blob-size", "2MB"])));
afterAll(async () => await registry[Symbol.asyncDispose]());

/** Sends bytes as they are and returns what comes back until the other side, or the time, ends it. */
function raw(text: string, options: { half?: boolean; milliseconds?: number } = {}): Promise<string> {
  return new Promise((resolve) => {
    const [host = "", port = ""] = registry.address.split(":");
    const socket = connect(Number(port), host);
    let answer = "";
    socket.on("data", (data) => (answer += data.toString()));
    socket.on("close", () => resolve(answer));
    socket.on("error", () => resolve(answer));
    socket.write(text, () =>
      options.half ? socket.destroy() : setTimeout(() => socket.destroy(), options.milliseconds ?? 300),
    );
  });
}

const alive = async () => expect((await registry.fetch("/v2/")).status).toBe(200);
const zero = `sha256:${"0".repeat(64)}`;

describe("names", () => {
  const long = "a".repeat(256);
  test.each([
    "Upper/case",
    "_leading",
    "trailing-",
    "a//b",
    "a..b",
    "a b",
    "ä",
    "a%00b",
    "%2e%2e",
    "a/-/b",
    "a@b",
    long,
    `${"a/".repeat(200)}a`,
    "a;b",
    "a'b",
  ])("%s is refused", async (name) => {
    for (const [method, rest] of [
      ["GET", "tags/list"],
      ["POST", "blobs/uploads/"],
      ["GET", "manifests/latest"],
      ["PUT", "manifests/latest"],
    ] as const) {
      const response = await registry.fetch(`/v2/${name}/${rest}`, {
        method,
        ...(method === "PUT" ? { body: "{}" } : {}),
      });
      expect([400, 404]).toContain(response.status);
      if (response.status === 400) expect(await codes(response)).toEqual(["NAME_INVALID"]);
    }
  });

  test("paths do not climb out, however they are written", async () => {
    for (const path of [
      "/v2/../../../etc/passwd",
      "/v2/a/blobs/../../../../etc/passwd",
      "/v2/a/blobs/..%2f..%2f..%2fetc%2fpasswd",
      "/v2/a/manifests/%2e%2e%2f%2e%2e",
      "/%2e%2e/etc/passwd",
      "/v2/a/blobs/uploads/..%2f..%2fregistry.db",
    ]) {
      for (const method of ["GET", "DELETE", "PATCH"]) {
        const answer = await raw(
          `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 4/);
        expect(answer).not.toContain("root:");
      }
    }
  });

  test.each(["-leading", ".leading", "a".repeat(129), "a b", "a/b", "ä", "a@b", "%00"])(
    "tag %s is refused",
    async (tag) => {
      const response = await registry.fetch(`/v2/app/manifests/${encodeURIComponent(tag)}`, {
        method: "PUT",
        body: "{}",
        headers: { "Content-Type": mediaTypes.ociManifest },
      });
      expect([400, 404, 405]).toContain(response.status);
      if (response.status === 400)
        expect(await codes(response)).toEqual([tag.includes("/") ? "NAME_INVALID" : "TAG_INVALID"]);
      expect((await registry.fetch(`/v2/app/manifests/${encodeURIComponent(tag)}`)).status).toBe(404);
    },
  );

  test.each([
    "sha256:",
    "sha256:xyz",
    `sha256:${"A".repeat(64)}`,
    `sha256:${"0".repeat(63)}`,
    `md5:${"0".repeat(32)}`,
    `sha256:${"0".repeat(64)}0`,
    "sha256:../../../../etc/passwd",
    `SHA256:${"0".repeat(64)}`,
  ])("digest %s is refused", async (digest) => {
    const path = encodeURIComponent(digest);
    expect(await codes(await registry.fetch(`/v2/app/blobs/${path}`))).toEqual([
      digest.includes("/") ? "UNSUPPORTED" : "DIGEST_INVALID",
    ]);
    const location = (await registry.fetch("/v2/app/blobs/uploads/", { method: "POST" })).headers.get("location") ?? "";
    expect(await codes(await registry.fetch(`${location}?digest=${path}`, { method: "PUT", body: "x" }))).toEqual([
      "DIGEST_INVALID",
    ]);
    expect((await registry.fetch(`/v2/app/blobs/uploads/?mount=${path}&from=app`, { method: "POST" })).status).toBe(
      202,
    );
  });

  test("uploads are known by their exact id only", async () => {
    for (const id of ["x", "..", "00000000-0000-0000-0000-000000000000", "%2e%2e%2f%2e%2e", `${"0".repeat(5000)}`]) {
      const response = await registry.fetch(`/v2/app/blobs/uploads/${id}`, { method: "PATCH", body: "x" });
      expect([404, 405, 400, 414, 431]).toContain(response.status);
    }
  });
});

describe("manifests", () => {
  const config = blobOf("{}");
  const layer = blobOf("layer");
  const descriptor = (blob: { digest: string; size: number }, over: object = {}) => ({
    mediaType: mediaTypes.ociLayerGzip,
    digest: blob.digest,
    size: blob.size,
    ...over,
  });
  const whole = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptor(config, { mediaType: mediaTypes.ociConfig }),
    layers: [descriptor(layer)],
  };
  beforeAll(async () => {
    for (const blob of [config, layer]) await pushBlob(registry, "bad/man", blob);
    expect((await putManifest(registry, "bad/man", "good", JSON.stringify(whole))).status).toBe(201);
  });

  test.each([
    ["not JSON", "{"],
    ["not UTF-8", "\xff\xfe"],
    ["empty", ""],
    ["a list", "[]"],
    ["null", "null"],
    ["a number", "1"],
    ["deeply nested", "[".repeat(100_000)],
    ["no version", JSON.stringify({ ...whole, schemaVersion: undefined })],
    ["another version", JSON.stringify({ ...whole, schemaVersion: 3 })],
    ["schema 1", JSON.stringify({ schemaVersion: 1, name: "x", tag: "y", fsLayers: [] })],
    ["another type inside", JSON.stringify({ ...whole, mediaType: mediaTypes.dockerManifest })],
    ["no config", JSON.stringify({ ...whole, config: undefined })],
    ["no layers", JSON.stringify({ ...whole, layers: undefined })],
    ["layers of another kind", JSON.stringify({ ...whole, layers: {} })],
    ["a layer that is a text", JSON.stringify({ ...whole, layers: ["x"] })],
    ["a layer with a bad digest", JSON.stringify({ ...whole, layers: [descriptor(layer, { digest: "../../x" })] })],
    ["a negative size", JSON.stringify({ ...whole, layers: [descriptor(layer, { size: -1 })] })],
    [
      "a size beyond all numbers",
      JSON.stringify({ ...whole, layers: [descriptor(layer)] }).replace(`"size":${layer.size}`, '"size":1e400'),
    ],
    ["a size that is a text", JSON.stringify({ ...whole, layers: [descriptor(layer, { size: "5" })] })],
    ["a size that is not the blob's", JSON.stringify({ ...whole, layers: [descriptor(layer, { size: 6 })] })],
    ["a layer without a type", JSON.stringify({ ...whole, layers: [descriptor(layer, { mediaType: "" })] })],
    ["two kinds at once", JSON.stringify({ ...whole, manifests: [] })],
    ["annotations that are numbers", JSON.stringify({ ...whole, annotations: { a: 1 } })],
    ["a subject that is a text", JSON.stringify({ ...whole, subject: "x" })],
  ])("%s", async (_, body) => {
    const response = await putManifest(registry, "bad/man", "bad", {
      ...blobOf(""),
      content: Buffer.from(body, "latin1"),
    });
    expect(response.status).toBe(400);
    expect(await codes(response)).toEqual(["MANIFEST_INVALID"]);
    expect((await registry.fetch("/v2/bad/man/manifests/bad")).status).toBe(404);
  });

  test("names of what is not here", async () => {
    const response = await putManifest(
      registry,
      "bad/man",
      "bad",
      JSON.stringify({ ...whole, layers: [descriptor({ digest: zero, size: 5 })] }),
    );
    expect(response.status).toBe(400);
    const { errors } = (await response.json()) as { errors: { code: string; detail: unknown }[] };
    expect(errors[0]).toMatchObject({ code: "MANIFEST_BLOB_UNKNOWN", detail: [{ digest: zero }] });
  });

  test("what is in another repository is not in this one", async () => {
    expect(await codes(await putManifest(registry, "bad/other", "bad", JSON.stringify(whole)))).toEqual([
      "MANIFEST_BLOB_UNKNOWN",
    ]);
  });

  test("types that nobody knows", async () => {
    const response = await putManifest(
      registry,
      "bad/man",
      "bad",
      JSON.stringify({ ...whole, mediaType: "application/x-thing" }),
      "application/x-thing",
    );
    expect(await codes(response)).toEqual(["MANIFEST_INVALID"]);
    expect((await putManifest(registry, "bad/man", "bad", JSON.stringify(whole), "text/html")).status).toBe(400);
    expect(
      (
        await putManifest(
          registry,
          "bad/man",
          "ok",
          JSON.stringify({
            ...whole,
            config: descriptor(config, { mediaType: "application/vnd.acme.config.v1+json" }),
            layers: [descriptor(layer, { mediaType: "application/x-anything" })],
          }),
        )
      ).status,
    ).toBe(201);
  });

  test("another digest than was said", async () => {
    expect(await codes(await putManifest(registry, "bad/man", zero, JSON.stringify(whole)))).toEqual([
      "DIGEST_INVALID",
    ]);
  });

  test("too large", async () => {
    const large = JSON.stringify({ ...whole, annotations: { x: "y".repeat(4 * 1024 * 1024) } });
    const response = await putManifest(registry, "bad/man", "bad", large);
    expect(response.status).toBe(413);
    const streamed = await registry.fetch("/v2/bad/man/manifests/bad", {
      method: "PUT",
      headers: { "Content-Type": mediaTypes.ociManifest },
      body: new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65536)) }),
    });
    expect(streamed.status).toBe(413);
    const fits = JSON.stringify({ ...whole, annotations: { x: "y".repeat(3 * 1024 * 1024) } });
    expect((await putManifest(registry, "bad/man", "large", fits)).status).toBe(201);
  });

  test("one that ends early is not stored", async () => {
    const text = JSON.stringify({ ...whole, annotations: { n: String(Math.random()) } });
    await raw(
      `PUT /v2/bad/man/manifests/cut HTTP/1.1\r\nHost: x\r\nContent-Type: ${mediaTypes.ociManifest}\r\n` +
        `Content-Length: ${text.length + 10}\r\n\r\n${text}`,
      { half: true },
    );
    await raw(
      `PUT /v2/bad/man/manifests/cut HTTP/1.1\r\nHost: x\r\nContent-Type: ${mediaTypes.ociManifest}\r\n` +
        `Transfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n`,
      { half: true },
    );
    await alive();
    expect((await registry.fetch("/v2/bad/man/manifests/cut")).status).toBe(404);
  });
});

describe("uploads", () => {
  const begin = async () =>
    (await registry.fetch("/v2/up/load/blobs/uploads/", { method: "POST" })).headers.get("location") ?? "";

  test("larger than allowed, announced or not", async () => {
    const blob = randomBlob(2_100_000);
    const announced = await registry.fetch(`/v2/up/load/blobs/uploads/?digest=${blob.digest}`, {
      method: "POST",
      body: blob.content,
    });
    expect(announced.status).toBe(413);
    expect(await codes(announced)).toEqual(["SIZE_INVALID"]);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(100_000)) });
    expect((await registry.fetch(await begin(), { method: "PATCH", body: endless })).status).toBe(413);
  });

  test("a connection that breaks: what came is kept, and the rest follows", async () => {
    const blob = randomBlob(1_000_000);
    for (const [broken, cut] of [
      [(location: string) => `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${blob.size}\r\n\r\n`, ""],
      [
        (location: string) =>
          `PATCH ${location} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${(300_000).toString(16)}\r\n`,
        "\r\n",
      ],
    ] as const) {
      const location = await begin();
      const [host = "", port = ""] = registry.address.split(":");
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), host);
        socket.on("close", () => resolve());
        socket.on("error", () => {});
        socket.write(broken(location));
        socket.write(blob.content.slice(0, 300_000));
        socket.write(cut, () => setTimeout(() => socket.destroy(), 100));
      });
      const offset = await until("the offset", async () => {
        const range = (await registry.fetch(location)).headers.get("range") ?? "0-0";
        const end = Number(range.split("-")[1]);
        return end > 0 ? end + 1 : 0;
      });
      // What the server had not yet read from the connection is lost with it.
      expect(offset).toBeWithin(200_000, 300_001);
      const resumed = await registry.fetch(location, {
        method: "PATCH",
        body: blob.content.slice(offset),
        headers: { "Content-Range": `${offset}-${blob.size - 1}` },
      });
      expect(resumed.headers.get("range")).toBe(`0-${blob.size - 1}`);
      expect((await registry.fetch(`${location}?digest=${blob.digest}`, { method: "PUT" })).status).toBe(201);
      expect(digestOf(await (await registry.fetch(`/v2/up/load/blobs/${blob.digest}`)).bytes())).toBe(blob.digest);
      await registry.fetch(`/v2/up/load/blobs/${blob.digest}`, { method: "DELETE" });
    }
  });

  test("a whole blob that ends early is not stored and leaves nothing", async () => {
    const blob = randomBlob(1000);
    const before = readdirSync(join(registry.data, "uploads")).length;
    await raw(
      `POST /v2/up/load/blobs/uploads/?digest=${blob.digest} HTTP/1.1\r\nHost: x\r\nContent-Length: ` +
        `${blob.size + 1}\r\n\r\n${Buffer.from(blob.content).toString("latin1")}`,
      { half: true },
    );
    await until("the upload to be dropped", () => readdirSync(join(registry.data, "uploads")).length === before);
    expect((await registry.fetch(`/v2/up/load/blobs/${blob.digest}`)).status).toBe(404);
  });

  test("the same blob by many at once is one file", async () => {
    const blob = randomBlob(200_000);
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        registry.fetch(`/v2/up/many${index}/blobs/uploads/?digest=${blob.digest}`, {
          method: "POST",
          body: blob.content,
        }),
      ),
    );
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    const files = readdirSync(join(registry.data, "blobs"), { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(blob.digest.slice(7)),
    );
    expect(files.length).toBe(1);
  });

  test("two writers of one upload do not mix", async () => {
    const location = await begin();
    const answers = await Promise.all(
      ["a", "b"].map((letter) =>
        registry.fetch(location, {
          method: "PATCH",
          body: letter.repeat(100_000),
          headers: { "Content-Range": "0-99999" },
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 416]);
    const content = [..."ab"].map((letter) => digestOf(letter.repeat(100_000)));
    const ends = [];
    for (const digest of content)
      ends.push((await registry.fetch(`${location}?digest=${digest}`, { method: "PUT" })).status);
    expect(ends).toContain(201);
  });

  test("nonsense in headers", async () => {
    for (const value of ["x", "5-1", "bytes", "-1-5", "0-99999999999999999999", "0-5/2, 7-8"]) {
      const response = await registry.fetch(await begin(), {
        method: "PATCH",
        body: "123456",
        headers: { "Content-Range": value },
      });
      expect(`${value} ${response.status}`).toBe(`${value} 400`);
    }
    expect(await raw("PATCH / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n")).not.toContain(" 200 ");
    expect(await raw(`GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(100_000)}\r\n\r\n`)).not.toContain(" 200 ");
    await alive();
  });
});

test("what was put before all this is still there", async () => {
  const { manifest } = await pushImage(registry, "still/here", "v1");
  expect((await registry.fetch("/v2/still/here/manifests/v1")).headers.get("docker-content-digest")).toBe(
    manifest.digest,
  );
  expect(registry.log()).not.toContain("level=error");
});
