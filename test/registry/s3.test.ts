import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { S3Storage } from "../../src/registry/storage/s3.ts";
import { storageSuite } from "../../src/registry/storage/storage.suite.ts";
import { sh, until } from "../harness.ts";
import { codes, digestOf, pushImage, randomBlob } from "./content.ts";
import { RegistryProcess } from "./process.ts";
import { S3Server } from "./s3-server.ts";

let server: S3Server;
beforeAll(async () => void (server = await S3Server.start()), 300_000);
afterAll(async () => await server[Symbol.asyncDispose]());

const storage = (prefix: string, pageSize = 1000) =>
  new S3Storage(
    {
      bucket: server.bucket,
      prefix,
      endpoint: server.endpoint,
      region: "us-east-1",
      ...server.keys,
      virtualHosted: false,
      redirect: false,
    },
    pageSize,
  );

storageSuite("a bucket", async () => storage("suite"));
storageSuite("a bucket without a prefix", async () => storage(""));

test("a list longer than a page", async () => {
  const many = storage("many", 10);
  const digests = new Set<string>();
  for (let index = 0; index < 25; index++) {
    const digest = digestOf(String(index));
    digests.add(digest);
    const file = join(server.root, "blob");
    await Bun.write(file, "x");
    await many.put(digest, file, 1);
  }
  const listed = new Set<string>();
  for await (const { digest } of many.list()) listed.add(digest);
  expect(listed).toEqual(digests);
});

describe("a registry on a bucket", () => {
  const copy = (from: string, to: string) =>
    sh(["skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", from, to], { timeout: 120_000 });

  test("keeps blobs there, serves ranges, collects, and survives the loss of its machine", async () => {
    await using registry = await RegistryProcess.start([
      "--s3",
      server.flag,
      "--gc-interval",
      "100ms",
      "--gc-grace",
      "200ms",
    ]);
    const layer = randomBlob(12_000_000);
    const image = await pushImage(registry, "app", "v1", { layers: [layer] });
    expect(readdirSync(registry.data).includes("blobs")).toBe(false);
    expect(readdirSync(join(registry.data, "uploads"))).toEqual([]);
    expect((await copy(`docker://${registry.address}/app:v1`, `dir:${registry.root}/copy`)).stderr).toBe("");
    const part = await registry.fetch(`/v2/app/blobs/${layer.digest}`, { headers: { Range: "bytes=9000000-9000099" } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.bytes()).equals(layer.content.slice(9_000_000, 9_000_100))).toBe(true);
    const gone = await pushImage(registry, "app", "v2");
    await registry.fetch(`/v2/app/manifests/${gone.manifest.digest}`, { method: "DELETE" });
    await until("the blob to be freed", async () => (await storage("registry").size(gone.config.digest)) === undefined);
    expect(await storage("registry").size(image.config.digest)).toBe(image.config.size);

    await registry.terminate();
    rmSync(registry.data, { recursive: true });
    await registry.up();
    expect((await registry.fetch("/v2/app/manifests/v1")).headers.get("docker-content-digest")).toBe(
      image.manifest.digest,
    );
    expect(digestOf(await (await registry.fetch(`/v2/app/blobs/${layer.digest}`)).bytes())).toBe(layer.digest);
  });

  test("can send clients to the bucket itself", async () => {
    await using registry = await RegistryProcess.start([
      "--s3",
      `${server.flag.replace("/registry?", "/direct?")}&redirect=true`,
    ]);
    const layer = randomBlob(100_000);
    await pushImage(registry, "app", "v1", { layers: [layer] });
    const response = await registry.fetch(`/v2/app/blobs/${layer.digest}`);
    expect(response.status).toBe(307);
    expect(digestOf(await (await fetch(response.headers.get("location") ?? "")).bytes())).toBe(layer.digest);
    expect((await copy(`docker://${registry.address}/app:v1`, `dir:${registry.root}/copy`)).exitCode).toBe(0);
  });

  test("says clearly when the bucket is away, and goes on when it is back", async () => {
    const own = await S3Server.start();
    await using registry = await RegistryProcess.start(["--s3", own.flag]);
    await own[Symbol.asyncDispose]();
    const blob = randomBlob(1000);
    const location = (await registry.fetch("/v2/app/blobs/uploads/", { method: "POST" })).headers.get("location") ?? "";
    const failed = await registry.fetch(`${location}?digest=${blob.digest}`, { method: "PUT", body: blob.content });
    expect(failed.status).toBe(503);
    expect(await failed.text()).toContain(`the bucket images at ${own.endpoint} does not answer: connection refused`);
    expect((await registry.fetch(location)).headers.get("range")).toBe("0-999");
  });

  test(
    "a blob whose bucket is away is refused before anything " + "of it is promised, and the registry is not healthy",
    async () => {
      const own = await S3Server.start();
      await using registry = await RegistryProcess.start(["--s3", own.flag]);
      const layer = randomBlob(3_000_000);
      await pushImage(registry, "app", "v1", { layers: [layer] });
      expect((await registry.fetch("/healthz")).status).toBe(200);
      await own[Symbol.asyncDispose]();
      for (const range of [undefined, "bytes=10-20"]) {
        const answer = await registry.fetch(`/v2/app/blobs/${layer.digest}`, {
          headers: range ? { Range: range } : {},
        });
        expect([answer.status, answer.headers.get("retry-after"), await codes(answer)]).toEqual([
          503,
          "5",
          ["UNAVAILABLE"],
        ]);
      }
      // What was found a second ago may be told once more.
      await until("it to be unhealthy", async () => (await registry.fetch("/healthz")).status === 503);
      expect(await registry.json("/healthz")).toMatchObject({
        errors: [
          { code: "UNAVAILABLE", message: `the bucket images at ${own.endpoint} does not answer: connection refused` },
        ],
      });
      const logged = readFileSync(join(registry.root, "out"), "utf8")
        .split("\n")
        .filter((line) => line.includes(layer.digest) && line.includes("method=GET"));
      expect(logged.map((line) => /status=(\d+) bytes=(\d+)/.exec(line)?.slice(1).map(Number))).toEqual([
        [503, expect.any(Number)],
        [503, expect.any(Number)],
      ]);
      for (const line of logged) expect(Number(/bytes=(\d+)/.exec(line)?.[1])).toBeLessThan(1000);
    },
  );

  test("an endpoint where nobody answers is named at the start", async () => {
    const flag = server.flag.replace(encodeURIComponent(server.endpoint), encodeURIComponent("http://127.0.0.1:1"));
    await expect(RegistryProcess.start(["--s3", flag])).rejects.toThrow(
      "berth registry serve: the bucket images at http://127.0.0.1:1 does not answer: connection refused",
    );
  });
});
