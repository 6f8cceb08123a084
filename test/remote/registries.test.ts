/** Pulls and pushes against Debian's docker-registry, plain and with TLS and users, and against registries that misbehave. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, dockerClients, freePort, sh, until } from "../harness.ts";
import { RegistryProcess } from "../registry/process.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-remote-");
const started: Bun.Subprocess[] = [];
const docker = (...args: string[]) => sh([dockerClients[0] ?? "docker", "--config", join(scratch, "config"), ...args], { env: { DOCKER_HOST: daemon.host } });
const ok = async (...args: string[]): Promise<string> => {
  const result = await docker(...args);
  if (result.exitCode !== 0) throw new Error(`docker ${args.join(" ")}: ${result.stderr}${result.stdout}\n${daemon.log()}`);
  return result.stdout.trim();
};

/** A real docker-registry; returns its address. */
async function registry(extra = ""): Promise<string> {
  const port = freePort();
  const root = mkdtempSync(join(scratch, "registry-"));
  writeFileSync(join(root, "config.yml"), `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${root}/data}, delete: {enabled: true}}\nhttp:\n  addr: 127.0.0.1:${port}\n${extra}`);
  started.push(Bun.spawn(["docker-registry", "serve", join(root, "config.yml")], { stdin: "ignore", stdout: "ignore", stderr: "ignore" }));
  await until("the registry to listen", () => Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }).then((socket) => { socket.end(); return true; }, () => false));
  return `127.0.0.1:${port}`;
}

beforeAll(async () => {
  mkdirSync(join(scratch, "config"));
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  for (const child of started) { child.kill("SIGKILL"); await child.exited; }
  rmSync(scratch, { recursive: true, force: true });
});

/** An image of several layers with random content, so that nothing is known beforehand. */
async function makeImage(tag: string, layers = 3, kilobytes = 200): Promise<void> {
  let base = "busybox";
  for (let index = 0; index < layers; index++) {
    await ok("run", "--name", "make", base, "dd", "if=/dev/urandom", `of=/layer${index}`, "bs=1k", `count=${kilobytes}`);
    await ok("commit", "make", tag);
    await ok("rm", "make");
    base = tag;
  }
}

/** Forgets an image whole, so that a pull has to bring everything. */
async function forget(...tags: string[]): Promise<void> {
  await ok("rmi", "-f", ...tags);
  await ok("image", "prune", "-f");
}

describe("a plain registry on loopback", () => {
  let host: string;
  beforeAll(async () => { host = await registry(); });

  test("push, forget, pull, run; a second push sends nothing; tags and digests", async () => {
    await makeImage(`${host}/a/app:1`);
    const sum = await ok("run", "--rm", `${host}/a/app:1`, "md5sum", "/layer0");
    const pushed = await ok("push", `${host}/a/app:1`);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(pushed)?.[1] ?? "";
    expect((await ok("push", `${host}/a/app:1`)).match(/Layer already exists/g)?.length).toBe(4);
    await forget(`${host}/a/app:1`);
    expect((await docker("run", "--pull", "never", "--rm", `${host}/a/app:1`)).exitCode).toBe(125);
    const pulled = await ok("pull", `${host}/a/app:1`);
    expect(pulled).toContain(`Digest: ${digest}`);
    expect(pulled).toContain("Downloaded newer image");
    expect(await ok("pull", `${host}/a/app:1`)).toContain("Image is up to date");
    expect(await ok("run", "--rm", `${host}/a/app:1`, "md5sum", "/layer0")).toBe(sum);
    expect(await ok("pull", `${host}/a/app@${digest}`)).toContain("up to date");
    expect(await ok("images", "--digests", "--format", "{{.Digest}}", `${host}/a/app`)).toContain(digest);
    // What was pulled is pushed elsewhere as it came: the same digest, its layers mounted or reused.
    await ok("tag", `${host}/a/app:1`, `${host}/b/copy:2`);
    const copied = await ok("push", `${host}/b/copy:2`);
    expect(copied).toContain(`digest: ${digest}`);
    expect(copied).toContain("Mounted from a/app");
    await ok("rmi", `${host}/b/copy:2`);
  });

  test("skopeo reads what was pushed, and what skopeo wrote is pulled", async () => {
    await makeImage(`${host}/s/one`, 1);
    await ok("push", `${host}/s/one`);
    const inspected = await sh(["skopeo", "inspect", "--tls-verify=false", `docker://${host}/s/one`]);
    expect(JSON.parse(inspected.stdout).Layers.length).toBe(2);
    for (const format of ["oci", "v2s2"]) {
      expect((await sh(["skopeo", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", "--format", format, `docker://${host}/s/one`, `docker://${host}/s/${format}`])).stderr).toBe("");
      expect(await ok("run", "--rm", `${host}/s/${format}`, "ls", "/layer0")).toBe("/layer0");
    }
    expect((await sh(["skopeo", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", "--dest-compress-format", "zstd", "--format", "oci", "--dest-force-compress-format", `docker://${host}/s/one`, `docker://${host}/s/zstd`])).exitCode).toBeGreaterThanOrEqual(0);
  });

  test("all tags at once", async () => {
    await makeImage(`${host}/many:1`, 1);
    await ok("tag", `${host}/many:1`, `${host}/many:2`);
    expect((await ok("push", "--all-tags", `${host}/many`)).match(/digest:/g)?.length).toBe(2);
    await forget(`${host}/many:1`, `${host}/many:2`);
    expect(await ok("pull", "-a", `${host}/many`)).toContain(`Status: Downloaded newer image for ${host}/many\n`);
    expect(await ok("pull", "-a", `${host}/many`)).toContain(`Status: Image is up to date for ${host}/many\n`);
    expect((await ok("images", "-q", `${host}/many`)).split("\n").length).toBe(2);
  });

  test("what was loaded from an archive of other tools is pushed: its bytes, compressed", async () => {
    const root = mkdtempSync(join(scratch, "odd-"));
    // An archive that nobody would write the same again from its files: one name twice, in no order.
    const layer = await sh(["sh", "-c", `cd ${root} && mkdir x && echo 1 >x/zz && echo 2 >x/aa && tar -cf layer.tar -C x ./zz ./aa ./aa && sha256sum <layer.tar | cut -c-64`]);
    const config = JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [`sha256:${layer.stdout.trim()}`] } });
    writeFileSync(join(root, "config.json"), config);
    writeFileSync(join(root, "manifest.json"), JSON.stringify([{ Config: "config.json", RepoTags: [`${host}/odd:1`], Layers: ["layer.tar"] }]));
    await sh(["tar", "-cf", join(root, "all.tar"), "-C", root, "manifest.json", "config.json", "layer.tar"]);
    await ok("load", "-i", join(root, "all.tar"));
    await ok("push", `${host}/odd:1`);
    await forget(`${host}/odd:1`);
    await ok("pull", `${host}/odd:1`);
    await ok("rmi", `${host}/odd:1`);
  });

  test("zstd on the way out by option, gzip otherwise; both come back", async () => {
    const types = async (name: string) => {
      const raw = await sh(["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${host}/${name}`]);
      return (JSON.parse(raw.stdout).layers as { mediaType: string }[]).map((layer) => layer.mediaType.split(/[.+]/).at(-1));
    };
    await makeImage(`${host}/z/one`, 1);
    const pushed = await daemon.berth("push", "--compression", "zstd", `${host}/z/one`);
    expect(pushed.stderr).toBe("");
    // The layers below were sent before, and stay as they were.
    expect(await types("z/one")).toEqual(["gzip", "zstd"]);
    await daemon.reload({ registries: { [host]: { compression: "zstd" } } });
    await makeImage(`${host}/z/two`, 1);
    await ok("push", `${host}/z/two`);
    await daemon.reload({});
    expect(await types("z/two")).toEqual(["gzip", "zstd"]);
    const sum = await ok("run", "--rm", `${host}/z/two`, "md5sum", "/layer0");
    await forget(`${host}/z/one`, `${host}/z/two`);
    expect(await ok("run", "--rm", `${host}/z/two`, "md5sum", "/layer0")).toBe(sum);
    expect((await daemon.berth("push", "--compression", "xz", `${host}/z/two`)).stderr).toContain('unsupported compression "xz"');
    await forget(`${host}/z/two`);
  });

  test("of another platform than asked: pulled with a warning, not pushed", async () => {
    await ok("tag", "busybox", `${host}/plain:1`);
    await ok("push", `${host}/plain:1`);
    expect(await ok("pull", "--platform", "linux/s390x", `${host}/plain:1`)).toContain("does not match the specified platform (linux/s390x)");
    expect((await daemon.berth("push", "--platform", "linux/s390x", `${host}/plain:1`)).stderr).toContain("does not match the specified platform (linux/s390x)");
    await ok("rmi", `${host}/plain:1`);
  });

  test("what is not there is told in Docker's words", async () => {
    const missing = await docker("pull", `${host}/no/such:1`);
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toContain(`manifest for ${host}/no/such:1 not found: manifest unknown: manifest unknown`);
    expect((await docker("pull", "-a", `${host}/no/such`)).stderr).toContain(`repository ${host}/no/such not found: name unknown: `);
    expect((await docker("push", `${host}/never:1`)).stderr).toContain("An image does not exist locally with the tag");
    await ok("tag", "busybox", `${host}/some:1`);
    expect((await docker("push", `${host}/some:2`)).stderr).toContain(`tag does not exist: ${host}/some:2`);
    await ok("rmi", `${host}/some:1`);
    expect((await docker("pull", "127.0.0.1:1/x")).stderr).toContain('Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused');
    expect((await docker("search", `${host}/x`)).stderr).toContain("Unexpected status code 404");
    // Programs are told by the status, since nothing of the stream has begun.
    expect((await daemon.api("POST", `/images/create?fromImage=${host}/no/such&tag=1`)).status).toBe(404);
    expect((await daemon.api("POST", "/images/create?fromImage=127.0.0.1:1/x&tag=1")).status).toBe(500);
    expect((await docker("pull", "a/UPPER")).stderr).toContain("invalid reference format");
  });

  test("two pulls of one image at once fetch each layer once", async () => {
    await makeImage(`${host}/twice`, 2, 4000);
    await ok("push", `${host}/twice`);
    await forget(`${host}/twice`);
    const [one, two] = await Promise.all([ok("pull", `${host}/twice`), ok("pull", `${host}/twice`)]);
    const completes = `${one}\n${two}`.match(/Pull complete/g)?.length ?? 0;
    expect(completes).toBeGreaterThanOrEqual(2);
    expect(await ok("run", "--rm", `${host}/twice`, "ls", "/layer1")).toBe("/layer1");
  });
});

test("a registry with TLS of its own authority and users", async () => {
  const root = mkdtempSync(join(scratch, "tls-"));
  await sh(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", join(root, "key.pem"), "-out", join(root, "cert.pem")]);
  writeFileSync(join(root, "users"), (await sh(["htpasswd", "-nbB", "ann", "secret"])).stdout.trim());
  const port = freePort();
  writeFileSync(join(root, "config.yml"), `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${root}/data}}\nhttp:\n  addr: 127.0.0.1:${port}\n  tls: {certificate: ${root}/cert.pem, key: ${root}/key.pem}\nauth:\n  htpasswd: {realm: here, path: ${root}/users}\n`);
  started.push(Bun.spawn(["docker-registry", "serve", join(root, "config.yml")], { stdin: "ignore", stdout: "ignore", stderr: "ignore" }));
  await until("the registry", () => fetch(`https://127.0.0.1:${port}/v2/`, { tls: { rejectUnauthorized: false } }).then(() => true, () => false));
  const host = `127.0.0.1:${port}`;
  await daemon.reload({ registries: { [host]: { insecure: false, ca: join(root, "cert.pem") } } });

  await ok("tag", "busybox", `${host}/t/box`);
  const refused = await docker("push", `${host}/t/box`);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("no basic auth credentials");
  expect((await docker("pull", `${host}/t/box`)).stderr).toContain(`Get "https://${host}/v2/t/box/manifests/latest": no basic auth credentials`);
  expect((await docker("login", "-u", "ann", "-p", "wrong", host)).stderr).toContain(`login attempt to https://${host}/v2/ failed with status: 401 Unauthorized`);
  expect(await ok("login", "-u", "ann", "-p", "secret", host)).toContain("Login Succeeded");
  expect(await ok("push", `${host}/t/box`)).toContain("digest:");
  await ok("rmi", `${host}/t/box`);
  await ok("pull", `${host}/t/box`);
  await ok("logout", host);
  await ok("rmi", `${host}/t/box`);
  expect((await docker("pull", `${host}/t/box`)).exitCode).toBe(1);
  // Without the authority the certificate is not trusted.
  await daemon.reload({ registries: { [host]: { insecure: false } } });
  expect((await docker("pull", `${host}/t/box`)).stderr).toContain("x509");
  await daemon.reload({});
});

test("a registry with tokens: login keeps a refresh token, not the password, and all goes by it", async () => {
  const users = join(scratch, "token-users");
  writeFileSync(users, (await sh(["htpasswd", "-nbB", "-C", "5", "ann", "secret"])).stdout.trim());
  await using own = await RegistryProcess.start(["--auth", `token:${users}`]);
  const host = own.address;
  await ok("tag", "busybox", `${host}/t/box`);
  expect((await docker("push", `${host}/t/box`)).stderr).toContain("unauthorized: authentication required");
  expect((await docker("pull", `${host}/t/box`)).stderr).toContain("unauthorized: authentication required");
  expect((await docker("login", "-u", "ann", "-p", "wrong", host)).stderr).toContain(`Get "http://${host}/v2/": unauthorized: incorrect username or password`);
  expect(await ok("login", "-u", "ann", "-p", "secret", host)).toContain("Login Succeeded");
  const kept = JSON.parse(readFileSync(join(scratch, "config", "config.json"), "utf8")).auths[host];
  expect(kept.identitytoken).toBeTruthy();
  expect(Buffer.from(kept.auth, "base64").toString()).not.toContain("secret");
  expect(await ok("push", `${host}/t/box`)).toContain("digest:");
  await ok("rmi", `${host}/t/box`);
  await ok("pull", `${host}/t/box`);
  expect(await ok("search", `${host}/box`)).toContain("t/box");
  await ok("logout", host);
  expect(await ok("search", `${host}/box`)).not.toContain("t/box");
  await ok("rmi", `${host}/t/box`);
});

/** A proxy before a registry that does harm to answers. */
async function harmful(upstream: string, harm: (request: Request, answer: () => Promise<Response>, count: number) => Promise<Response>): Promise<{ host: string; requests: string[]; stop(): void }> {
  const counts = new Map<string, number>();
  const requests: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1", port: 0, idleTimeout: 60,
    fetch(request) {
      const url = new URL(request.url);
      const key = `${request.method} ${url.pathname}`;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      requests.push(`${key} ${request.headers.get("range") ?? ""}`.trim());
      const headers = new Headers(request.headers);
      headers.delete("host");
      return harm(request, () => fetch(`http://${upstream}${url.pathname}${url.search}`, { method: request.method, headers, body: request.body, redirect: "manual", decompress: false }), count);
    },
  });
  return { host: `127.0.0.1:${server.port}`, requests, stop: () => server.stop(true) };
}

const isBlob = (request: Request) => request.method === "GET" && request.url.includes("/blobs/");

describe("registries that misbehave", () => {
  let real: string;
  beforeAll(async () => {
    real = await registry();
    await makeImage(`${real}/x/y:1`, 2, 3000);
    await ok("push", `${real}/x/y:1`);
    await forget(`${real}/x/y:1`);
  });

  test("a connection that breaks is taken up where it broke", async () => {
    const proxy = await harmful(real, async (request, answer, count) => {
      const response = await answer();
      if (!isBlob(request) || count > 2 || Number(response.headers.get("content-length")) < 1_000_000) return response;
      const whole = await response.bytes();
      const half = whole.subarray(0, whole.length >> 1);
      // The length is promised, the connection ends before it.
      return new Response(new ReadableStream({
        async start(controller) {
          controller.enqueue(half);
          await Bun.sleep(50);
          controller.error(new Error("cut"));
        },
      }), { status: response.status, headers: response.headers });
    });
    try {
      await ok("pull", `${proxy.host}/x/y:1`);
      expect(proxy.requests.some((line) => /blobs\/.* bytes=\d+-/.test(line))).toBe(true);
      expect(await ok("run", "--rm", `${proxy.host}/x/y:1`, "ls", "/layer1")).toBe("/layer1");
      await forget(`${proxy.host}/x/y:1`);
    } finally { proxy.stop(); }
  });

  test("content that is not what its digest says is refused, and nothing of it stays", async () => {
    const proxy = await harmful(real, async (request, answer) => {
      const response = await answer();
      if (!isBlob(request)) return response;
      const bytes = await response.bytes();
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
      return new Response(bytes, { status: response.status, headers: response.headers });
    });
    try {
      const result = await docker("pull", `${proxy.host}/x/y:1`);
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toMatch(/digest|verif/i);
      expect((await docker("image", "inspect", `${proxy.host}/x/y:1`)).exitCode).toBe(1);
    } finally { proxy.stop(); }
  });

  test("a manifest that was exchanged is refused", async () => {
    const proxy = await harmful(real, async (request, answer) => {
      const response = await answer();
      if (!request.url.includes("/manifests/") || request.method !== "GET") return response;
      return new Response((await response.text()).replace('"schemaVersion": 2', '"schemaVersion": 2, "x": 1'), { status: response.status, headers: response.headers });
    });
    try {
      expect((await docker("pull", `${proxy.host}/x/y:1`)).stderr).toContain("manifest verification failed");
    } finally { proxy.stop(); }
  });

  test("429 and 5xx are waited out; what lasts is told", async () => {
    const passing = await harmful(real, async (_request, answer, count) => (count === 1 ? new Response("busy", { status: 503 }) : count === 2 ? new Response("slow down", { status: 429, headers: { "retry-after": "0" } }) : answer()));
    try {
      await ok("pull", `${passing.host}/x/y:1`);
      await forget(`${passing.host}/x/y:1`);
    } finally { passing.stop(); }
    const lasting = await harmful(real, async () => new Response(JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "You have reached your pull rate limit" }] }), { status: 429, headers: { "retry-after": "0" } }));
    try {
      expect((await docker("pull", `${lasting.host}/x/y:1`)).stderr).toContain("You have reached your pull rate limit");
    } finally { lasting.stop(); }
  });

  test("a token service that is busy is asked again; what it and the registry refuse is told in Docker's words", async () => {
    let asked = 0;
    let answer: () => Response = () => Response.json({ token: "t" });
    const tokens = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => (asked++ < 1 ? new Response("busy", { status: 503, headers: { "retry-after": "0" } }) : answer()) });
    const challenge = (more: string, code = "UNAUTHORIZED", text = "authentication required") => new Response(JSON.stringify({ errors: [{ code, message: text }] }), { status: 401, headers: { "www-authenticate": `Bearer realm="http://127.0.0.1:${tokens.port}/token",service="s"${more}` } });
    let refuse = false;
    const guarded = await harmful(real, async (request, go) => (refuse ? challenge(`,error="insufficient_scope"`) : request.headers.get("authorization") === "Bearer t" ? go() : challenge("")));
    try {
      await ok("pull", `${guarded.host}/x/y:1`);
      await forget(`${guarded.host}/x/y:1`);
      refuse = true;
      expect((await docker("pull", `${guarded.host}/x/y:1`)).stderr).toContain(`pull access denied for ${guarded.host}/x/y, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`);
      refuse = false;
      answer = () => Response.json({ details: "no account" }, { status: 401 });
      expect((await docker("pull", `${guarded.host}/x/y:1`)).stderr).toContain("unauthorized: no account");
    } finally { guarded.stop(); await tokens.stop(true); }
  });

  test("a download gets as many tries as max-download-attempts says", async () => {
    let tries = 0;
    const proxy = await harmful(real, async (request, answer) => {
      if (!isBlob(request)) return answer();
      const response = await answer();
      if (Number(response.headers.get("content-length")) < 1_000_000) return response;
      tries++;
      await response.body?.cancel();
      return new Response("");
    });
    await daemon.reload({ "max-download-attempts": 2, "max-concurrent-downloads": 1 });
    try {
      expect((await docker("pull", `${proxy.host}/x/y:1`)).stderr).toContain("unexpected EOF: 0 of");
      expect(tries).toBe(2);
    } finally { proxy.stop(); await daemon.reload({}); }
  });

  test("malformed manifests and kinds that nobody knows are refused clearly", async () => {
    const cases: [string, string, RegExp][] = [
      ["not json", "application/vnd.oci.image.manifest.v1+json", /not JSON/],
      [JSON.stringify({ schemaVersion: 1, name: "x", fsLayers: [] }), "application/vnd.docker.distribution.manifest.v1+prettyjws", /schema 1/],
      [JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: { mediaType: "application/vnd.unknown", digest: `sha256:${"0".repeat(64)}`, size: 2 }, layers: [] }), "application/vnd.oci.image.manifest.v1+json", /no container image|unsupported|Encountered/],
      [JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest: `sha256:${"0".repeat(64)}`, size: 2, platform: { os: "plan9", architecture: "mips" } }] }), "application/vnd.oci.image.index.v1+json", /no matching manifest/],
      [JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: "sha256:../../etc/passwd", size: 2 }, layers: [] }), "application/vnd.oci.image.manifest.v1+json", /digest/],
    ];
    for (const [body, type, expected] of cases) {
      const proxy = await harmful(real, async (request, answer) => (request.url.includes("/manifests/") ? new Response(body, { headers: { "content-type": type } }) : answer()));
      try {
        const result = await docker("pull", `${proxy.host}/x/y:1`);
        expect(result.exitCode).toBe(1);
        expect(result.stderr).toMatch(expected);
      } finally { proxy.stop(); }
    }
  });

  test("kill -9 in the middle of a pull: no half image; the next try goes on from what is there", async () => {
    let slow = true;
    const proxy = await harmful(real, async (request, answer) => {
      const response = await answer();
      if (!isBlob(request) || !slow || Number(response.headers.get("content-length")) < 1_000_000) return response;
      const whole = await response.bytes();
      return new Response(new ReadableStream({
        async start(controller) {
          for (let at = 0; at < whole.length && slow; at += 100_000) {
            controller.enqueue(whole.subarray(at, at + 100_000));
            await Bun.sleep(40);
          }
          controller.close();
        },
      }), { status: response.status, headers: { "content-type": "application/octet-stream" } });
    });
    try {
      const pulling = docker("pull", `${proxy.host}/x/y:1`);
      await until("some of a layer", async () => Number((await sh(["sh", "-c", `find ${daemon.dataRoot}/blobs/partial -type f -size +200k | wc -l`])).stdout) > 0);
      await daemon.kill();
      await pulling;
      slow = false;
      await daemon.up();
      expect((await docker("image", "inspect", `${proxy.host}/x/y:1`)).exitCode).toBe(1);
      await ok("pull", `${proxy.host}/x/y:1`);
      expect(proxy.requests.some((line) => /blobs\/.* bytes=\d+-/.test(line))).toBe(true);
      expect(await ok("run", "--rm", `${proxy.host}/x/y:1`, "ls", "/layer1")).toBe("/layer1");
      await forget(`${proxy.host}/x/y:1`);
    } finally { proxy.stop(); }
  });

  /** Before a registry: uploads come through here too, whatever address it names for them. */
  const uploading = (upstream: string, patch: (request: Request, count: number, answer: () => Promise<Response>) => Promise<Response>) => harmful(upstream, async (request, answer, count) => {
    const response = request.method === "PATCH" ? await patch(request, count, answer) : await answer();
    const location = response.headers.get("location");
    if (!location) return response;
    const headers = new Headers(response.headers);
    const { pathname, search } = new URL(location, `http://${upstream}`);
    headers.set("location", pathname + search);
    return new Response(response.body, { status: response.status, headers });
  });
  const busy = () => new Response("", { status: 503, headers: { "retry-after": "0" } });

  test("an upload that the registry forgot is begun anew", async () => {
    let lost = 0;
    const proxy = await uploading(real, async (request, count, answer) => {
      if (count > 1 || lost > 0) return answer();
      lost++;
      const { pathname, search } = new URL(request.url);
      expect((await fetch(`http://${real}${pathname}${search}`, { method: "DELETE" })).status).toBe(204);
      return busy();
    });
    try {
      await makeImage(`${proxy.host}/lost/one`, 1, 20_000);
      await ok("push", `${proxy.host}/lost/one`);
      expect(lost).toBe(1);
      await forget(`${proxy.host}/lost/one`);
      expect(await ok("run", "--rm", `${real}/lost/one`, "ls", "/layer0")).toBe("/layer0");
      await forget(`${real}/lost/one`);
    } finally { proxy.stop(); }
  });

  test("an upload of which a part arrived goes on from there", async () => {
    await using own = await RegistryProcess.start();
    const sent: string[] = [];
    const proxy = await uploading(own.address, async (request, _count, answer) => {
      sent.push(request.headers.get("content-range") ?? "");
      if (sent.length > 1) return answer();
      const { pathname } = new URL(request.url);
      const part = (await request.bytes()).subarray(0, 1_000_000);
      expect((await fetch(`http://${own.address}${pathname}`, { method: "PATCH", body: part, headers: { "content-range": `0-${part.length - 1}` } })).status).toBe(202);
      return busy();
    });
    try {
      await makeImage(`${proxy.host}/part/one`, 1, 20_000);
      await ok("push", `${proxy.host}/part/one`);
      expect(sent.slice(0, 3).map((range) => range.split("-")[0])).toEqual(["0", "0", "1000000"]);
      await forget(`${proxy.host}/part/one`);
      await ok("pull", `${own.address}/part/one`);
      await forget(`${own.address}/part/one`);
    } finally { proxy.stop(); }
  });

  test("kill -9 in the middle of a push: no half image there; the next try sends the rest", async () => {
    let hold = true;
    let waiting = false;
    const proxy = await uploading(real, async (_request, _count, answer) => {
      waiting = true;
      while (hold) await Bun.sleep(20);
      return answer();
    });
    try {
      await makeImage(`${proxy.host}/killed/two`, 1, 20_000);
      const pushing = docker("push", `${proxy.host}/killed/two`);
      await until("an upload", () => waiting);
      await daemon.kill();
      await pushing;
      hold = false;
      await daemon.up();
      expect((await fetch(`http://${real}/v2/killed/two/manifests/latest`)).status).toBe(404);
      expect(await ok("push", `${proxy.host}/killed/two`)).toContain("Layer already exists");
      await forget(`${proxy.host}/killed/two`);
      expect(await ok("run", "--rm", `${real}/killed/two`, "ls", "/layer0")).toBe("/layer0");
      await forget(`${real}/killed/two`);
    } finally { hold = false; proxy.stop(); }
  });

  test("mirrors of any registry are asked first, and passed by when they fail", async () => {
    const mirror = await harmful(real, (_request, answer) => answer());
    await daemon.reload({ registries: { "registry.test": { mirrors: ["http://127.0.0.1:1", `http://${mirror.host}`] } } });
    try {
      await ok("pull", "registry.test/x/y:1");
      expect(mirror.requests.some((line) => line.includes("/v2/x/y/manifests/1"))).toBe(true);
      expect(await ok("run", "--rm", "registry.test/x/y:1", "ls", "/layer1")).toBe("/layer1");
      await forget("registry.test/x/y:1");
      // One that keeps several registries, by a path before the repository.
      await daemon.reload({ registries: { "registry.test": { mirrors: [`http://${mirror.host}/x`] } } });
      await ok("pull", "registry.test/y:1");
      await forget("registry.test/y:1");
    } finally {
      mirror.stop();
      await daemon.reload({});
    }
  });
});

test("a client that goes away ends its pull; the next one goes on from what is there", async () => {
  const host = await registry();
  await makeImage(`${host}/gone`, 1, 20_000);
  await ok("push", `${host}/gone`);
  await forget(`${host}/gone`);
  let [hold, held, left] = [true, false, false];
  const proxy = await harmful(host, async (request, answer) => {
    const response = await answer();
    if (!isBlob(request) || !hold || Number(response.headers.get("content-length")) < 1_000_000) return response;
    request.signal.addEventListener("abort", () => { left = true; });
    const whole = await response.bytes();
    return new Response(new ReadableStream({
      start(controller) {
        controller.enqueue(whole.subarray(0, 15_000_000));
        held = true;
      },
    }), { status: response.status, headers: response.headers });
  });
  try {
    const child = Bun.spawn([dockerClients[0] ?? "docker", "pull", `${proxy.host}/gone`], { env: { ...process.env, DOCKER_HOST: daemon.host }, stdout: "ignore", stderr: "ignore" });
    await until("some of the layer", () => held);
    await until("some of it on disk", async () => Number((await sh(["sh", "-c", `find ${daemon.dataRoot}/blobs/partial -type f -size +1M | wc -l`])).stdout) > 0);
    child.kill();
    await child.exited;
    await until("the pull to end", () => left);
    hold = false;
    await ok("pull", `${proxy.host}/gone`);
    expect(proxy.requests.some((line) => /blobs\/.* bytes=\d+-/.test(line))).toBe(true);
    expect(readFileSync(join(daemon.root, "log"), "utf8")).not.toContain("unhandled");
    await forget(`${proxy.host}/gone`);
  } finally { proxy.stop(); }
});
