/** Connections that never say what they want, by the hundred: they end, and nobody else notices. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Daemon, sh, until } from "../harness.ts";

const files = 512;
let daemon: Daemon;
let certificates: string;
let port: number;
const sockets = new Set<Socket>();
const at = (name: string) => join(certificates, name);

beforeAll(async () => {
  certificates = mkdtempSync(join(tmpdir(), "berth-tls-"));
  await sh([
    "sh",
    "-ec",
    `cd ${certificates}
    key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    openssl req -x509 $key -keyout ca-key.pem -out ca.pem -subj /CN=ca -days 2
    openssl req -x509 $key -keyout other-key.pem -out other.pem -subj /CN=other -days 2
    echo subjectAltName=DNS:localhost,IP:127.0.0.1 > names
    for name in server client; do
      openssl req $key -keyout $name-key.pem -out $name.csr -subj /CN=$name
      openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out $name.pem \\
        -days 2 -extfile names
    done`,
  ]);
  const tls = [
    "--host",
    "tcp://127.0.0.1:0",
    "--tlsverify",
    "--tlscacert",
    at("ca.pem"),
    "--tlscert",
    at("server.pem"),
    "--tlskey",
    at("server-key.pem"),
  ];
  daemon = await Daemon.start({ args: tls, files });
  port = Number(/tcp:\/\/127\.0\.0\.1:(\d+)/.exec(daemon.log())?.[1]);
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await daemon?.[Symbol.asyncDispose]();
  rmSync(certificates, { recursive: true, force: true });
});

/** Opens a connection that says this much; resolves when it is open. `closed` when it ends. */
async function open(first: string): Promise<{ socket: Socket; closed: Promise<void> }> {
  const socket = connect(port, "127.0.0.1");
  sockets.add(socket);
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) =>
    socket.on("close", () => {
      sockets.delete(socket);
      resolve();
    }),
  );
  socket.resume();
  await Promise.race([new Promise((resolve) => socket.once("connect", resolve)), closed]);
  if (first !== "") socket.write(Buffer.from(first, "latin1"));
  return { socket, closed };
}

const curl = (url: string, ...args: string[]) => sh(["curl", "-sS", "-m", "20", ...args, url]);
const trusted = () => ["--cacert", at("ca.pem"), "--cert", at("client.pem"), "--key", at("client-key.pem")];

test("half handshakes by the hundred leave room for everybody else", async () => {
  const halves: Promise<{ socket: Socket; closed: Promise<void> }>[] = [];
  for (let i = 0; i < 2 * files; i++)
    halves.push(open(i % 2 === 0 ? "" : "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"));
  await Promise.all(halves);
  await until("the surplus to be dropped", () => sockets.size <= files / 4);
  expect((await daemon.api("GET", "/_ping")).status).toBe(200);
  expect((await curl(`https://localhost:${port}/_ping`, ...trusted())).stdout).toBe("OK");
  // With these still there, all that the engine does for a container has its descriptors.
  expect(await daemon.ok("run", "--rm", "busybox", "echo", "fine")).toBe("fine");
  for (const socket of sockets) socket.destroy();
});

test("a connection that says nothing whole ends a fixed " +
  "time after it was accepted, however it divides that", async () => {
  const began = Date.now();
  const [silent, half, trickle] = [
    await open(""),
    await open("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    await open("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
  ];
  const drip = setInterval(() => trickle.socket.write("x"), 1000);
  await Promise.all([silent.closed, half.closed, trickle.closed]).finally(() => clearInterval(drip));
  expect(Date.now() - began).toBeGreaterThan(50_000);
  expect(Date.now() - began).toBeLessThan(80_000);
}, 100_000);

test("who may not speak is told why", async () => {
  expect((await curl(`http://localhost:${port}/_ping`)).stdout).toContain(
    "Client sent an HTTP request to an HTTPS server.",
  );
  const other = await curl(
    `https://localhost:${port}/info`,
    "-w",
    "%{http_code}",
    "--cacert",
    at("ca.pem"),
    "--cert",
    at("other.pem"),
    "--key",
    at("other-key.pem"),
  );
  expect(other.stdout).toMatch(/^\{"message":"client certificate: self.signed certificate"\}403$/);
  const none = await curl(`https://localhost:${port}/info`, "-w", "%{http_code}", "--cacert", at("ca.pem"));
  expect(none.stdout).toMatch(/^\{"message":"client certificate: [^"]+"\}403$/);
  const cli = await sh([
    "docker",
    "--host",
    `tcp://localhost:${port}`,
    "--tlsverify",
    "--tlscacert",
    at("ca.pem"),
    "--tlscert",
    at("other.pem"),
    "--tlskey",
    at("other-key.pem"),
    "ps",
  ]);
  expect(cli.exitCode).not.toBe(0);
  expect(cli.stderr).toContain("client certificate: ");
  expect((await curl(`https://localhost:${port}/_ping`, ...trusted())).stdout).toBe("OK");
});

test("three thousand connections at once are all accepted, at the local socket too", async () => {
  const program = `
import socket, sys
resource = __import__("resource"); resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
refused = 0; held = []
for _ in range(3000):
    s = socket.socket(socket.AF_UNIX); s.setblocking(False)
    try: s.connect(sys.argv[1])
    except OSError: refused += 1
    held.append(s)
print(refused)`;
  await daemon.signal("SIGTERM");
  await using roomy = await Daemon.start({
    images: [],
    direct: "how many the kernel holds for a listener is what is tested",
  });
  // Held still, it accepts none: what is not refused waits.
  process.kill(roomy.pid, "SIGSTOP");
  try {
    expect((await sh(["python3", "-c", program, roomy.socket])).stdout.trim()).toBe("0");
  } finally {
    process.kill(roomy.pid, "SIGCONT");
  }
  expect((await roomy.api("GET", "/_ping")).status).toBe(200);
  await daemon.up();
});

test("a head whose lines end without a carriage return is answered", async () => {
  const socket = connect(daemon.socket);
  const answer = new Promise<string>((resolve) => socket.once("data", (data) => resolve(data.toString())));
  socket.write("\nGET /_ping HTTP/1.1\nHost: x\nConnection: close\n\n");
  expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  socket.destroy();
});
