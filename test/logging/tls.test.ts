/** Receivers by TLS: the right certificate, and those that are wrong, which are refused with a word that says why. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { Daemon, freePort, sh, until } from "../harness.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-logtls-"));
const port = freePort();
const file = (name: string) => join(folder, name);
let server: Server;
let daemon: Daemon;
let received = "";

const made = async (name: string, ...options: string[]) => {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file(`${name}.key`)];
  await sh(["openssl", "req", "-x509", ...key, "-days", "2", "-subj", `/CN=${name}`, ...options, "-out", file(name)]);
};

beforeAll(async () => {
  await made("authority");
  await made("stranger");
  const signed = ["-CA", file("authority"), "-CAkey", file("authority.key")];
  await made("server", ...signed, "-addext", "subjectAltName=DNS:logs.example");
  await made("client", ...signed);
  server = createServer(
    {
      cert: readFileSync(file("server")),
      key: readFileSync(file("server.key")),
      ca: readFileSync(file("authority")),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (socket) => {
      received += `${socket.authorized ? "known: " : ""}`;
      socket.on("data", (data) => (received += data));
      socket.on("error", () => {});
    },
  );
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  server?.close();
  rmSync(folder, { recursive: true });
});

const run = (options: Record<string, string>) =>
  daemon.docker(
    "run",
    "--rm",
    "--log-driver=syslog",
    `--log-opt=syslog-address=tcp+tls://127.0.0.1:${port}`,
    ...Object.entries(options).map(([name, value]) => `--log-opt=syslog-${name}=${value}`),
    "busybox",
    "echo",
    "one",
  );
const failed = "failed to create task for container: failed to initialize logging driver: ";

test("messages with their length in front, by a client that shows who it is", async () => {
  received = "";
  const client = { "tls-cert": file("client"), "tls-key": file("client.key") };
  const options = { ...client, "tls-ca-cert": file("authority"), "tls-skip-verify": "true", format: "rfc5424" };
  expect((await run(options)).stderr).toBe("");
  await until("a message", () => received.endsWith("one\n"));
  const [, length, message = ""] = /^known: (\d+) (<30>1 [^]*)$/.exec(received) ?? [];
  expect(Number(length)).toBe(message.length);
});

test("other formats are not counted", async () => {
  received = "";
  await run({ "tls-skip-verify": "true" });
  await until("a message", () => received.endsWith("one\n"));
  expect(received).toMatch(/^<30>[A-Z]/);
});

test.each([
  ["nobody's", {}, "tls: failed to verify certificate: x509: certificate signed by unknown authority"],
  ["a stranger's", { "tls-ca-cert": "stranger" }, "x509: certificate signed by unknown authority"],
  ["another name's", { "tls-ca-cert": "authority" }, "x509: certificate is not valid for this name"],
] as [string, Record<string, string>, string][])("a certificate that is %s is refused", async (_, options, words) => {
  received = "";
  const { stderr, exitCode } = await run(
    Object.fromEntries(Object.entries(options).map(([name, value]) => [name, file(value)])),
  );
  expect(stderr).toContain(failed);
  expect(stderr).toContain(words);
  expect(exitCode).toBe(125);
  expect(received).toBe("");
});

test.each([
  [
    { "tls-ca-cert": "/nonexist" },
    'could not read CA certificate "/nonexist": open /nonexist: no such file or directory',
  ],
  [{ "tls-cert": "/nonexist", "tls-key": "/nonexist" }, "could not load X509 key pair: open /nonexist"],
] as [Record<string, string>, string][])("files that are not there: %p", async (options, words) => {
  expect((await run(options)).stderr).toContain(`${failed}${words}`);
});

test("splunk by https: an authority, and the name that its certificate is for", async () => {
  const [cert, key] = [Bun.file(file("server")), Bun.file(file("server.key"))];
  const bodies: string[] = [];
  const splunk = Bun.serve({
    port: freePort(),
    hostname: "127.0.0.1",
    tls: { cert, key },
    async fetch(request) {
      bodies.push(await request.text());
      return new Response("");
    },
  });
  const start = (options: Record<string, string>) =>
    daemon.docker(
      "run",
      "--log-driver=splunk",
      `--log-opt=splunk-url=https://127.0.0.1:${splunk.port}`,
      "--log-opt=splunk-token=x",
      ...Object.entries(options).map(([name, value]) => `--log-opt=splunk-${name}=${value}`),
      "busybox",
      "echo",
      "one",
    );
  try {
    expect((await start({})).stderr).toContain("x509: certificate signed by unknown authority");
    const right = { capath: file("authority"), caname: "logs.example" };
    expect((await start({ ...right, caname: "other.example" })).stderr).toContain("x509: certificate is not valid");
    expect(bodies).toEqual([]);
    expect((await start(right)).stderr).toBe("");
    await until("an event", () => bodies.some((body) => body.includes('"line":"one"')));
  } finally {
    await splunk.stop(true);
  }
});
