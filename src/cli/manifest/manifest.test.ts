import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { runCli } from "../testing.ts";

const type = "application/vnd.docker.distribution.manifest.v2+json";
const sha = (text: string) => `sha256:${new Bun.CryptoHasher("sha256").update(text).digest("hex")}`;
const config = JSON.stringify({ architecture: "arm64", os: "linux", variant: "v8" });
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: type,
  config: { mediaType: "c", size: config.length, digest: sha(config) },
  layers: [{ mediaType: "l", size: 1, digest: sha("layer") }],
});

let home: string;
let server: Bun.Server<undefined>;
let registry: string;
let requests: string[];
/** What was put, by path. */
let put: Record<string, string>;

/** A registry that wants a token, and gives one to `me` only. */
beforeEach(() => {
  home = mkdtempSync("/tmp/berth-manifest-");
  requests = [];
  put = {};
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const url = new URL(request.url);
      if (url.pathname === "/token") {
        requests.push(`token ${url.searchParams.getAll("scope").join(" ")}`);
        const isMe = request.headers.get("authorization") === `Basic ${Buffer.from("me:pw").toString("base64")}`;
        return isMe
          ? Response.json({ token: "t" })
          : Response.json({ errors: [{ code: "UNAUTHORIZED", message: "who are you" }] }, { status: 401 });
      }
      if (request.headers.get("authorization") !== "Bearer t") {
        return new Response(null, {
          status: 401,
          headers: { "WWW-Authenticate": `Bearer realm="http://${url.host}/token",service="test"` },
        });
      }
      requests.push(`${request.method} ${url.pathname}${url.search}`);
      if (request.method === "PUT") {
        put[url.pathname] = await request.text();
        return new Response(null, { status: 201, headers: { "Docker-Content-Digest": sha(put[url.pathname] ?? "") } });
      }
      if (request.method === "POST") return new Response(null, { status: 201 });
      if (url.pathname.endsWith(`/blobs/${sha(config)}`)) return new Response(config);
      return /\/v2\/(a|b)\/manifests\/latest$/.test(url.pathname)
        ? new Response(manifest, { headers: { "Content-Type": type } })
        : Response.json({ errors: [{ code: "MANIFEST_UNKNOWN", message: "unknown" }] }, { status: 404 });
    },
  });
  registry = `127.0.0.1:${server.port}`;
  writeFileSync(
    `${home}/config.json`,
    JSON.stringify({ auths: { [registry]: { auth: Buffer.from("me:pw").toString("base64") } } }),
  );
});
afterEach(async () => {
  await server.stop(true);
  rmSync(home, { recursive: true });
});

const run = (...argv: string[]) => runCli(["--config", home, "manifest", ...argv]);

test("a manifest is shown as the registry sent it, or with all that is known of it", async () => {
  expect(JSON.parse((await run("inspect", `${registry}/a`)).stdout)).toEqual(JSON.parse(manifest));
  expect(JSON.parse((await run("inspect", "-v", `${registry}/a`)).stdout)).toMatchObject({
    Ref: `${registry}/a:latest`,
    Descriptor: {
      digest: sha(manifest),
      size: manifest.length,
      platform: { architecture: "arm64", os: "linux", variant: "v8" },
    },
  });
  expect((await run("inspect", `${registry}/nope`)).stderr).toBe(`no such manifest: ${registry}/nope:latest\n`);
});

test("a list is made, annotated, pushed with what it needs from other repositories, and forgotten", async () => {
  expect((await run("create", `${registry}/a:all`, `${registry}/a`, `${registry}/b`)).stdout).toBe(
    `Created manifest list ${registry}/a:all\n`,
  );
  expect((await run("create", `${registry}/a:all`, `${registry}/a`)).stderr).toBe(
    "refusing to amend an existing manifest list with no --amend flag\n",
  );
  expect((await run("annotate", "--arch", "nope", `${registry}/a:all`, `${registry}/b`)).stderr).toBe(
    "manifest entry for image has unsupported os/arch combination: linux/nope\n",
  );
  expect(
    (await run("annotate", "--arch", "amd64", "--os-features", "x,y", `${registry}/a:all`, `${registry}/b`)).code,
  ).toBe(0);
  requests = [];
  const pushed = await run("push", "-p", `${registry}/a:all`);
  const list = put["/v2/a/manifests/all"] ?? "";
  expect(pushed.stdout).toBe(`Pushed ref ${registry}/a@${sha(manifest)} with digest: ${sha(manifest)}\n${sha(list)}\n`);
  expect(JSON.parse(list).manifests.map(({ platform }: { platform: object }) => platform)).toEqual([
    { architecture: "arm64", os: "linux", variant: "v8" },
    { architecture: "amd64", os: "linux", "os.features": ["x", "y"], variant: "v8" },
  ]);
  expect(requests.filter((line) => line.startsWith("POST"))).toEqual(
    [sha(config), sha("layer")].map((digest) => `POST /v2/a/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=b`),
  );
  expect(requests[0]).toBe("token repository:a:pull,push repository:b:pull");
  expect((await run("push", `${registry}/a:all`)).stderr).toBe(`No such manifest: ${registry}/a:all\n`);
});

test("who may not is told in the registry's words", async () => {
  writeFileSync(`${home}/config.json`, "{}");
  expect(await run("inspect", `${registry}/a`)).toEqual({ code: 1, stdout: "", stderr: "unauthorized: who are you\n" });
});
