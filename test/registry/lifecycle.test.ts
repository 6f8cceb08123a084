import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join, resolve } from "node:path";
import { connect as connectTls } from "node:tls";
import { berthBinary, sh, until } from "../harness.ts";
import { blobOf, digestOf, pushImage, randomBlob } from "./content.ts";
import { RegistryProcess } from "./process.ts";

let work: string;
beforeAll(async () => {
  work = mkdtempSync("/tmp/berth-registry-life-");
  await sh([
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-keyout",
    join(work, "key.pem"),
    "-out",
    join(work, "cert.pem"),
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
  ]);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A PATCH that has sent its head and `sent`, and waits. */
async function openPatch(
  registry: RegistryProcess,
  location: string,
  length: number,
  sent: Uint8Array,
): Promise<{ socket: Socket; answer: Promise<string> }> {
  const [host = "", port = ""] = registry.address.split(":");
  const tls = registry.url.startsWith("https:");
  const socket = tls
    ? connectTls({ host, port: Number(port), rejectUnauthorized: false })
    : connect(Number(port), host);
  if (tls) await new Promise<void>((resolve) => socket.once("secureConnect", () => resolve()));
  const answer = new Promise<string>((resolve) => {
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    socket.on("close", () => resolve(text));
    socket.on("error", () => {});
  });
  socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
  await new Promise((resolve) => socket.write(sent, resolve));
  return { socket, answer };
}

const begin = async (registry: RegistryProcess, name: string) =>
  (await registry.fetch(`/v2/${name}/blobs/uploads/`, { method: "POST" })).headers.get("location") ?? "";
const offsetOf = async (registry: RegistryProcess, location: string) =>
  Number(((await registry.fetch(location)).headers.get("range") ?? "0-0").split("-")[1]) + 1;

describe("kill -9", () => {
  test("in the midst of an upload: it goes on where it was, and no half blob is visible", async () => {
    await using registry = await RegistryProcess.start();
    const blob = randomBlob(8_000_000);
    const location = await begin(registry, "crash/app");
    const { socket } = await openPatch(registry, location, blob.size, blob.content.slice(0, 5_000_000));
    const id = location.split("/").at(-1) ?? "";
    const file = join(registry.data, "uploads", id);
    await until("bytes on disk", () => existsSync(file) && readFileSync(file).length > 1_000_000);
    await registry.kill();
    socket.destroy();
    await registry.up();
    expect((await registry.fetch(`/v2/crash/app/blobs/${blob.digest}`, { method: "HEAD" })).status).toBe(404);
    const offset = await offsetOf(registry, location);
    expect(offset).toBeGreaterThan(1_000_000);
    const rest = await registry.fetch(location, {
      method: "PATCH",
      body: blob.content.slice(offset),
      headers: { "Content-Range": `${offset}-${blob.size - 1}` },
    });
    expect(rest.status).toBe(202);
    await registry.kill();
    await registry.up();
    expect((await registry.fetch(`${location}?digest=${blob.digest}`, { method: "PUT" })).status).toBe(201);
    expect(digestOf(await (await registry.fetch(`/v2/crash/app/blobs/${blob.digest}`)).bytes())).toBe(blob.digest);
  });

  test("again and again while images are pushed: what was answered with 201 is whole", async () => {
    await using registry = await RegistryProcess.start();
    const pushed: { tag: string; digest: string; blobs: string[] }[] = [];
    for (let round = 0; round < 5; round++) {
      let running = true;
      const workers = Array.from({ length: 4 }, async (_, worker) => {
        for (let count = 0; running; count++) {
          const tag = `r${round}-w${worker}-${count}`;
          try {
            const image = await pushImage(registry, "crash/many", tag, { layers: [randomBlob(100_000)] });
            pushed.push({
              tag,
              digest: image.manifest.digest,
              blobs: [image.config.digest, ...image.layers.map(({ digest }) => digest)],
            });
          } catch {
            // The registry went away.
          }
        }
      });
      await until("some images to be in", () => pushed.length > round * 3);
      await Bun.sleep(Math.random() * 200);
      await registry.kill();
      running = false;
      await Promise.all(workers);
      await registry.up();
    }
    expect(pushed.length).toBeGreaterThan(10);
    for (const { tag, digest, blobs } of pushed) {
      const response = await registry.fetch(`/v2/crash/many/manifests/${tag}`);
      expect(response.headers.get("docker-content-digest")).toBe(digest);
      for (const blob of blobs)
        expect(blobOf(await (await registry.fetch(`/v2/crash/many/blobs/${blob}`)).bytes()).digest).toBe(blob);
    }
  });
});

describe("SIGTERM", () => {
  test("finishes an upload under way, takes no new one, then ends", async () => {
    await using registry = await RegistryProcess.start();
    const blob = randomBlob(2_000_000);
    const location = await begin(registry, "stop/app");
    const { socket, answer } = await openPatch(registry, location, blob.size, blob.content.slice(0, 1_000_000));
    const ended = registry.terminate();
    await until("the registry to be stopping", async () => (await registry.fetch("/healthz")).status === 503);
    const refused = await registry.fetch("/v2/stop/app/blobs/uploads/", { method: "POST" });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    socket.write(blob.content.slice(1_000_000));
    await until("the chunk to be in", async () => (await offsetOf(registry, location)) === blob.size);
    expect((await registry.fetch(`${location}?digest=${blob.digest}`, { method: "PUT" })).status).toBe(201);
    expect(await ended).toBe(0);
    expect(await answer).toStartWith("HTTP/1.1 202");
    await registry.up();
    expect((await registry.fetch(`/v2/stop/app/blobs/${blob.digest}`, { method: "HEAD" })).status).toBe(200);
  });

  test("with nothing to do ends at once", async () => {
    await using registry = await RegistryProcess.start();
    const began = performance.now();
    expect(await registry.terminate()).toBe(0);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

describe("listening", () => {
  const serve = (...flags: string[]) =>
    sh([berthBinary, "registry", "serve", "--data", join(work, "unused"), ...flags]);

  test("beyond loopback only with TLS, or when told to", async () => {
    const { exitCode, stderr } = await serve("--listen", "0.0.0.0:5999");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("refusing to listen on 0.0.0.0 without TLS");
    expect((await serve("--listen", ":5999")).exitCode).toBe(2);
  });

  test("mistakes on the command line are told without fuss", async () => {
    for (const [flags, words] of [
      [["--listen", "nonsense"], "no address of the form HOST:PORT"],
      [["--tls-cert", "x"], "go together"],
      [["--auth", "ldap:x"], "use htpasswd:FILE or token:FILE"],
      [["--auth", "htpasswd:/nowhere"], "is not there"],
      [["--anonymous-pull"], "need users"],
      [["--quota", "lots"], "is no size"],
      [["--gc-grace", "soon"], "is no duration"],
      [["--mirror-of", "ftp://x"], "[PREFIX=]URL"],
      [["--frobnicate"], "Unknown option"],
      [["--config", "/nowhere.yaml"], "cannot read"],
    ] as const) {
      const { exitCode, stderr } = await serve(...flags);
      expect(`${exitCode} ${stderr}`).toStartWith("2 berth registry serve: ");
      expect(stderr).toContain(words);
      expect(stderr).not.toContain("    at ");
    }
    expect((await serve("--help")).stdout).toContain("Usage:  berth registry serve");
  });

  test("a renewed certificate is taken up; one that does not fit its key is not", async () => {
    const [cert, key] = [join(work, "renewed.pem"), join(work, "renewed-key.pem")];
    const make = async (name: string, certPath: string, keyPath: string) => {
      const made = await sh([
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        keyPath,
        "-out",
        certPath,
        "-days",
        "2",
        "-subj",
        `/CN=${name}`,
        "-addext",
        "subjectAltName=IP:127.0.0.1",
      ]);
      expect(made.exitCode).toBe(0);
    };
    await make("first", cert, key);
    await using registry = await RegistryProcess.start(["--tls-cert", cert, "--tls-key", key]);
    const served = async () =>
      /CN ?= ?(\w+)/.exec((await sh(["openssl", "s_client", "-connect", registry.address], { input: "" })).stdout)?.[1];
    expect(await served()).toBe("first");
    const blob = randomBlob(2_000_000);
    const begun = await registry.fetch("/v2/renewed/app/blobs/uploads/", { method: "POST" });
    const location = begun.headers.get("location") ?? "";
    const { socket, answer } = await openPatch(registry, location, blob.size, blob.content.slice(0, 1_000_000));

    await make("third", cert, join(work, "other-key.pem"));
    await until("the complaint", () => registry.log().includes("a new certificate cannot be taken up"));
    expect(await served()).toBe("first");
    await make("second", cert, key);
    await until("the new certificate", async () => (await served()) === "second");
    // What was under way goes on.
    socket.write(blob.content.slice(1_000_000));
    await until(
      "the blob to be whole",
      async () => (await registry.fetch(`${location}?digest=${blob.digest}`, { method: "PUT" })).status === 201,
    );
    socket.end();
    expect(await answer).toStartWith("HTTP/1.1 202");
    expect(await registry.terminate()).toBe(0);
  });

  test("TLS", async () => {
    await using registry = await RegistryProcess.start([
      "--tls-cert",
      join(work, "cert.pem"),
      "--tls-key",
      join(work, "key.pem"),
    ]);
    const { exitCode, stderr } = await sh([
      "curl",
      "-sS",
      "--fail",
      "--cacert",
      join(work, "cert.pem"),
      `${registry.url}/v2/`,
    ]);
    expect(`${exitCode} ${stderr}`).toBe("0 ");
    expect((await sh(["curl", "-sS", `http://${registry.address}/v2/`])).exitCode).not.toBe(0);
    const certs = join(work, "certs");
    await sh(["mkdir", "-p", certs]);
    await sh(["cp", join(work, "cert.pem"), join(certs, "ca.crt")]);
    const blob = randomBlob(3_000_000);
    const push = await sh(
      [
        "curl",
        "-sS",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "--cacert",
        join(work, "cert.pem"),
        "-X",
        "POST",
        "--data-binary",
        "@-",
        `${registry.url}/v2/tls/app/blobs/uploads/?digest=${blob.digest}`,
      ],
      { input: blob.content },
    );
    expect(push.stdout).toBe("201");
    const list = await sh(["skopeo", "list-tags", "--cert-dir", certs, `docker://${registry.address}/tls/app`]);
    expect(list.exitCode).toBe(0);
  });

  test("one registry at a time has a directory, and a port", async () => {
    await using registry = await RegistryProcess.start();
    const bun = resolve(import.meta.dir, "../../bin/bun");
    const main = resolve(import.meta.dir, "../../src/main.ts");
    const same = await sh([bun, main, "registry", "serve", "--data", registry.data, "--listen", "127.0.0.1:0"]);
    expect(`${same.exitCode} ${same.stderr}`).toContain("1 berth registry serve:");
    expect(same.stderr).toContain("is in use by another registry");
    const port = await sh([
      bun,
      main,
      "registry",
      "serve",
      "--data",
      join(work, "second"),
      "--listen",
      registry.address,
    ]);
    expect(port.exitCode).toBe(1);
    expect(port.stderr).toContain("in use");
  });
});

describe("watching", () => {
  test("health, numbers, and a line for each request", async () => {
    await using registry = await RegistryProcess.start(["--log-format", "json"]);
    await pushImage(registry, "seen/app", "v1");
    await registry.fetch("/v2/seen/app/manifests/v1", { headers: { "User-Agent": "a test" } });
    expect(await registry.json("/healthz")).toEqual({ status: "ok" });
    const metrics = await (await registry.fetch("/metrics")).text();
    expect(metrics).toContain('berth_registry_http_requests_total{route="manifest",method="GET",status="200"} 1');
    expect(metrics).toContain("berth_registry_blobs 2");
    expect(metrics).toMatch(/berth_registry_http_request_duration_seconds_bucket\{route="manifest",le="\+Inf"\} 2/);
    for (const line of metrics.trim().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? [0-9.e+-]+)$/);
    const lines = readFileSync(join(registry.root, "out"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ agent }) => agent === "a test")).toMatchObject({
      msg: "request",
      method: "GET",
      path: "/v2/seen/app/manifests/v1",
      status: 200,
      remote: "127.0.0.1",
    });
  });

  test("nothing is left on disk that does not belong there", async () => {
    await using registry = await RegistryProcess.start();
    await pushImage(registry, "tidy", "v1");
    expect(readdirSync(registry.data).sort()).toEqual(["blobs", "registry.db", "registry.db-wal", "uploads"]);
    expect(readdirSync(join(registry.data, "uploads"))).toEqual([]);
    await registry.terminate();
    expect(readdirSync(registry.data).sort()).toEqual(["blobs", "registry.db", "uploads"]);
  });
});

test("search, in Hub's form", async () => {
  await using registry = await RegistryProcess.start();
  for (const name of ["team/web", "team/worker", "tools/busybox"]) await pushImage(registry, name, "v1");
  expect(await registry.json("/v1/_ping")).toEqual({ standalone: true });
  const found = await registry.json("/v1/search?q=team&n=1&page=2");
  expect(found).toMatchObject({ num_pages: 2, num_results: 2, page: 2, page_size: 1, query: "team" });
  expect(found.results).toEqual([
    {
      name: "team/worker",
      description: "",
      star_count: 0,
      pull_count: 0,
      is_official: false,
      is_automated: false,
      is_trusted: false,
    },
  ]);
  expect((await registry.json("/v1/search?q=%25")).num_results).toBe(0);
  expect((await registry.json("/v1/search?q=_")).num_results).toBe(0);
  // A zero byte does not end the word before it is read to its end.
  expect((await registry.json("/v1/search?q=worker%00zzz")).num_results).toBe(0);
});
