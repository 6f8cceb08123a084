import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { sh, until } from "../harness.ts";
import { type Blob, blobOf, codes, digestOf, pushImage, putManifest, randomBlob } from "./content.ts";
import { RegistryProcess } from "./process.ts";
import { ReferenceRegistry } from "./reference.ts";

let work: string;
beforeAll(() => void (work = mkdtempSync("/tmp/berth-registry-mirror-")));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** pushImage speaks to whatever has a `fetch` of this form. */
const at = (url: string, headers: Record<string, string> = {}) =>
  ({
    fetch: (path: string, init: RequestInit = {}) =>
      fetch(path.startsWith("http") ? path : `${url}${path}`, {
        ...init,
        headers: { ...headers, ...(init.headers as Record<string, string>) },
      }),
  }) as unknown as RegistryProcess;

/** Pushes to the reference registry, which knows no POST with a digest. */
async function seed(url: string, name: string, tag: string, layers: Blob[], headers: Record<string, string> = {}) {
  const config = blobOf(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [] },
      nonce: Math.random(),
    }),
  );
  for (const blob of [config, ...layers]) {
    const begun = await fetch(`${url}/v2/${name}/blobs/uploads/`, { method: "POST", headers });
    const location = begun.headers.get("location") ?? "";
    const target = new URL(location, url);
    target.searchParams.set("digest", blob.digest);
    expect(
      (
        await fetch(target, {
          method: "PUT",
          body: blob.content,
          headers: { ...headers, "Content-Type": "application/octet-stream" },
        })
      ).status,
    ).toBe(201);
  }
  const manifest = blobOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: config.digest, size: config.size },
      layers: layers.map(({ digest, size }) => ({ mediaType: mediaTypes.ociLayerGzip, digest, size })),
    }),
  );
  expect((await putManifest(at(url), name, tag, manifest, mediaTypes.ociManifest, headers)).status).toBe(201);
  return { manifest, config, layers };
}

describe("of docker-registry", () => {
  let upstream: ReferenceRegistry;
  let registry: RegistryProcess;
  const layer = randomBlob(500_000);
  beforeAll(async () => {
    upstream = await ReferenceRegistry.start();
    registry = await RegistryProcess.start(["--mirror-of", `up=${upstream.url}`]);
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  test("skopeo pulls through it; a second time nothing is fetched", async () => {
    await seed(upstream.url, "library/app", "v1", [layer]);
    const copy = (to: string) =>
      sh([
        "skopeo",
        "copy",
        "--src-tls-verify=false",
        `docker://${registry.address}/up/library/app:v1`,
        `dir:${work}/${to}`,
      ]);
    expect((await copy("first")).stderr).toBe("");
    const fetched = async () =>
      /mirror_fetched_bytes_total (\d+)/.exec(await (await registry.fetch("/metrics")).text())?.[1];
    const before = await fetched();
    expect(Number(before)).toBeGreaterThan(500_000);
    expect((await copy("second")).exitCode).toBe(0);
    expect(await fetched()).toBe(before);
    expect((await registry.json("/v2/_catalog")).repositories).toEqual(["up/library/app"]);
    expect((await registry.json("/v2/up/library/app/tags/list")).tags).toEqual(["v1"]);
  });

  test("what upstream does not have is not here", async () => {
    expect(await codes(await registry.fetch("/v2/up/library/app/manifests/nothing"))).toEqual(["MANIFEST_UNKNOWN"]);
    expect(await codes(await registry.fetch(`/v2/up/library/app/blobs/sha256:${"0".repeat(64)}`))).toEqual([
      "BLOB_UNKNOWN",
    ]);
    expect((await registry.fetch("/v2/up/nobody/manifests/latest", { method: "HEAD" })).status).toBe(404);
  });

  test("HEAD asks, and fetches nothing", async () => {
    const { layers } = await seed(upstream.url, "library/head", "v1", [randomBlob(1000)]);
    const response = await registry.fetch(`/v2/up/library/head/blobs/${layers[0]?.digest}`, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("1000");
  });

  test("pushes go on beside it, and what was pushed here goes first", async () => {
    await pushImage(registry, "own/app", "v1");
    expect((await registry.fetch("/v2/own/app/manifests/v1")).status).toBe(200);
    const mine = await pushImage(registry, "up/library/app", "v1");
    expect(
      (await registry.fetch("/v2/up/library/app/manifests/v1", { method: "HEAD" })).headers.get(
        "docker-content-digest",
      ),
    ).toBe(mine.manifest.digest);
    await registry.fetch("/v2/up/library/app/manifests/v1", { method: "DELETE" });
    expect(
      (await registry.fetch("/v2/up/library/app/manifests/v1", { method: "HEAD" })).headers.get(
        "docker-content-digest",
      ),
    ).not.toBe(mine.manifest.digest);
  });

  test("32 clients at once are one fetch", async () => {
    const blob = randomBlob(3_000_000);
    await seed(upstream.url, "library/many", "v1", [blob]);
    const fetched = async () =>
      Number(/mirror_fetched_bytes_total (\d+)/.exec(await (await registry.fetch("/metrics")).text())?.[1]);
    const before = await fetched();
    const digests = await Promise.all(
      Array.from({ length: 32 }, async () =>
        digestOf(await (await registry.fetch(`/v2/up/library/many/blobs/${blob.digest}`)).bytes()),
      ),
    );
    expect(new Set(digests)).toEqual(new Set([blob.digest]));
    expect((await fetched()) - before).toBe(blob.size);
  });

  test("a tag that moves is seen after its time, and a mirror by ns is the same mirror", async () => {
    await using quick = await RegistryProcess.start([
      "--config",
      await config(
        `mirrors: [{ prefix: up.example, url: "${upstream.url}", ttl: 100ms }, { prefix: patient, url: ` +
          `"${upstream.url}", ttl: 1h }]`,
      ),
    ]);
    const first = await seed(upstream.url, "library/moves", "latest", [layer]);
    const digest = async (path: string) =>
      (await quick.fetch(path, { method: "HEAD" })).headers.get("docker-content-digest");
    const [soon, late] = [
      "/v2/library/moves/manifests/latest?ns=up.example",
      "/v2/patient/library/moves/manifests/latest",
    ];
    for (const path of [soon, late]) expect(await digest(path)).toBe(first.manifest.digest);
    const second = await seed(upstream.url, "library/moves", "latest", [layer]);
    await until("the new one", async () => (await digest(soon)) === second.manifest.digest);
    expect(await digest(late)).toBe(first.manifest.digest);
    expect((await quick.json("/v2/_catalog")).repositories).toEqual([
      "patient/library/moves",
      "up.example/library/moves",
    ]);
  });

  test("while upstream is down, what is here is served, and the rest is a clear error", async () => {
    await using quick = await RegistryProcess.start([
      "--config",
      await config(`mirrors: [{ url: "${upstream.url}", ttl: 1ms }]`),
    ]);
    const image = await seed(upstream.url, "library/stale", "latest", [layer]);
    expect((await quick.fetch("/v2/library/stale/manifests/latest")).status).toBe(200);
    for (const { digest } of [image.config, layer])
      await (await quick.fetch(`/v2/library/stale/blobs/${digest}`)).bytes();
    await upstream.down();
    expect((await quick.fetch("/v2/library/stale/manifests/latest")).headers.get("docker-content-digest")).toBe(
      image.manifest.digest,
    );
    expect(digestOf(await (await quick.fetch(`/v2/library/stale/blobs/${layer.digest}`)).bytes())).toBe(layer.digest);
    expect((await quick.json("/v2/library/stale/tags/list")).tags).toEqual(["latest"]);
    const other = await quick.fetch("/v2/library/other/manifests/latest");
    expect(other.status).toBe(503);
    expect(await codes(other)).toEqual(["UNAVAILABLE"]);
    await upstream.up();
  });
});

test("credentials per upstream", async () => {
  const users = join(work, "users");
  await sh(["htpasswd", "-iBc", "-C", "5", users, "mirror"], { input: "secret" });
  await using basic = await ReferenceRegistry.start(users);
  await using tokens = await RegistryProcess.start(["--auth", `token:${users}`]);
  const auth = { Authorization: `Basic ${btoa("mirror:secret")}` };
  await seed(basic.url, "app", "v1", [randomBlob(1000)], auth);
  await pushImage(tokens, "deep/app", "v1", { headers: auth });
  writeFileSync(join(work, "password"), "secret\n");
  await using registry = await RegistryProcess.start([
    "--config",
    await config(
      `mirrors:\n  - { prefix: basic, url: "${basic.url}", username: mirror, password-file: password }\n  - { ` +
        `prefix: tokens, url: "${tokens.url}", username: mirror, password: secret }\n  - { prefix: wrong, url: ` +
        `"${tokens.url}", username: mirror, password: no }`,
    ),
  ]);
  expect((await registry.fetch("/v2/basic/app/manifests/v1")).status).toBe(200);
  const manifest = await registry.json("/v2/tokens/deep/app/manifests/v1");
  expect((await registry.fetch(`/v2/tokens/deep/app/blobs/${manifest.layers[0].digest}`)).status).toBe(200);
  expect((await registry.fetch("/v2/wrong/deep/app/manifests/v1")).status).toBe(403);
});

describe("of a registry that misbehaves", () => {
  const blob = randomBlob(2_000_000);
  const liar = randomBlob(1_000_000);
  const behaviour = { breaks: 0, ranges: [] as string[], pause: 2, mode: "good" };
  let upstream: Server;
  let registry: RegistryProcess;
  const start = () =>
    RegistryProcess.start(["--mirror-of", `bad=http://127.0.0.1:${(upstream.address() as AddressInfo).port}`]);

  beforeAll(async () => {
    upstream = createServer(async (request, response) => {
      const { url = "", headers } = request;
      const answer = (status: number, body = "", more: Record<string, string> = {}) =>
        void response.writeHead(status, more).end(body);
      if (behaviour.mode === "429") return answer(429, "", { "Retry-After": "7" });
      if (behaviour.mode === "500") return answer(500);
      if (url.endsWith(liar.digest)) return void response.end(randomBlob(liar.size).content);
      if (url.endsWith("/manifests/lies")) return answer(200, "{}", { "Content-Type": mediaTypes.ociManifest });
      if (url.endsWith("/manifests/huge")) return answer(200, " ".repeat(5_000_000));
      if (!url.endsWith(blob.digest)) return answer(404);
      const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
      behaviour.ranges.push(headers.range ?? "");
      const broken = behaviour.breaks-- > 0;
      const end = broken ? Math.min(blob.size, from + 700_000) : blob.size;
      response.writeHead(headers.range ? 206 : 200, {
        "Content-Length": String(blob.size - from),
        ...(headers.range ? { "Content-Range": `bytes ${from}-${blob.size - 1}/${blob.size}` } : {}),
      });
      for (let at = from; at < end; at += 50_000) {
        response.write(blob.content.slice(at, Math.min(end, at + 50_000)));
        await Bun.sleep(behaviour.pause);
      }
      if (broken) response.destroy();
      else response.end();
    });
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    registry = await start();
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    upstream.closeAllConnections();
    upstream.close();
  });

  test("broken connections are resumed where they broke, and the client notices nothing", async () => {
    behaviour.breaks = 2;
    const content = await (await registry.fetch(`/v2/bad/app/blobs/${blob.digest}`)).bytes();
    expect(digestOf(content)).toBe(blob.digest);
    expect(behaviour.ranges.length).toBe(3);
    expect(behaviour.ranges[0]).toBe("");
    expect(behaviour.ranges[1]).toMatch(/^bytes=\d{6,7}-$/);
  });

  test("a crash in the midst of a fetch: the next one goes on", async () => {
    await using fresh = await start();
    behaviour.breaks = 0;
    behaviour.ranges = [];
    behaviour.pause = 30;
    const reader = (await fresh.fetch(`/v2/bad/app/blobs/${blob.digest}`)).body?.getReader();
    let read = 0;
    while (read < 800_000) read += (await reader?.read())?.value?.length ?? 0;
    await fresh.kill();
    behaviour.pause = 2;
    await fresh.up();
    const response = await fresh.fetch(`/v2/bad/app/blobs/${blob.digest}`, { headers: { Range: "bytes=100-199" } });
    expect(response.status).toBe(206);
    expect(Buffer.from(await response.bytes()).equals(blob.content.slice(100, 200))).toBe(true);
    expect(digestOf(await (await fresh.fetch(`/v2/bad/app/blobs/${blob.digest}`)).bytes())).toBe(blob.digest);
    expect(behaviour.ranges[1]).toMatch(/^bytes=\d{6,7}-$/);
  });

  test("wrong content never looks whole, and is not kept", async () => {
    const failed = await registry
      .fetch(`/v2/bad/app/blobs/${liar.digest}`)
      .then((response) => response.bytes())
      .then(
        (bytes) => bytes.length,
        () => "broken",
      );
    expect(failed === "broken" || (typeof failed === "number" && failed < liar.size)).toBe(true);
    expect((await registry.fetch("/v2/bad/app/manifests/lies")).status).toBe(400);
    expect((await registry.fetch("/v2/bad/app/manifests/huge")).status).toBe(502);
    expect(await (await registry.fetch("/metrics")).text()).toContain("berth_registry_blobs 1\n");
  });

  test("limits and failures are passed on, and not hammered at", async () => {
    behaviour.mode = "429";
    const limited = await registry.fetch("/v2/bad/app/manifests/latest");
    expect(limited.status).toBe(429);
    expect(limited.headers.get("retry-after")).toBe("7");
    behaviour.mode = "500";
    const failed = await registry.fetch("/v2/bad/app/manifests/latest");
    expect(failed.status).toBe(503);
    behaviour.mode = "good";
  });
});

async function config(text: string): Promise<string> {
  const path = join(work, `${crypto.randomUUID()}.yaml`);
  await Bun.write(path, text);
  return path;
}
