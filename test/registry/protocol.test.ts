import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { blobOf, codes, digestOf, pushBlob, pushImage, randomBlob } from "./content.ts";
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
    const response = await get(`/v2/up/once/blobs/uploads/?digest=${blob.digest}`, {
      method: "POST",
      body: blob.content,
    });
    expect(response.status).toBe(201);
    expect((await get(`/v2/up/once/blobs/${blob.digest}`, { method: "HEAD" })).headers.get("content-length")).toBe(
      "5000",
    );
  });

  test("POST with a digest but no content begins an upload", async () => {
    const blob = blobOf("later");
    const response = await get(`/v2/up/later/blobs/uploads/?digest=${blob.digest}`, { method: "POST" });
    expect(response.status).toBe(202);
    const end = await get(`${response.headers.get("location")}?digest=${blob.digest}`, {
      method: "PUT",
      body: blob.content,
    });
    expect(end.status).toBe(201);
  });

  test("chunks with ranges, their status, and one out of order", async () => {
    const blob = randomBlob(3000);
    const location = await begin("up/chunks");
    const patch = (start: number, end: number) =>
      get(location, {
        method: "PATCH",
        body: blob.content.slice(start, end),
        headers: { "Content-Range": `${start}-${end - 1}`, "Content-Type": "application/octet-stream" },
      });
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
    const end = await get(`${location}?digest=${blob.digest}`, {
      method: "PUT",
      body: blob.content.slice(2000),
      headers: { "Content-Range": "2000-2999" },
    });
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
    const mounted = await get(`/v2/mount/target/blobs/uploads/?mount=${blob.digest}&from=mount/source`, {
      method: "POST",
    });
    expect(mounted.status).toBe(201);
    expect(mounted.headers.get("location")).toBe(`/v2/mount/target/blobs/${blob.digest}`);
    expect((await get(`/v2/mount/target/blobs/${blob.digest}`)).status).toBe(200);
    expect((await get(`/v2/mount/any/blobs/uploads/?mount=${blob.digest}`, { method: "POST" })).status).toBe(201);
    expect(
      (await get(`/v2/mount/not/blobs/uploads/?mount=${blob.digest}&from=mount/nowhere`, { method: "POST" })).status,
    ).toBe(202);
    // What cannot be mounted is an ordinary upload, whatever the reason.
    for (const query of [
      `mount=${blob.digest}&from=Not/A:Name`,
      `mount=${blob.digest}&from=`,
      "mount=sha256:nonsense&from=mount/source",
      "mount=",
    ]) {
      const begun = await get(`/v2/mount/not/blobs/uploads/?${query}`, { method: "POST" });
      expect([query, begun.status, begun.headers.get("location")]).toEqual([
        query,
        202,
        expect.stringMatching(/^\/v2\/mount\/not\/blobs\/uploads\/./),
      ]);
    }
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
      return {
        status: response.status,
        range: response.headers.get("content-range"),
        body: Buffer.from(await response.bytes()),
      };
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
