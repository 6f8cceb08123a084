import { expect, test } from "bun:test";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { Client } from "../client.ts";

const pem = (name: string) => `${import.meta.dir}/testdata/${name}.pem`;

/** An engine behind TLS that wants a certificate of its clients. */
async function secureEngine(address = "127.0.0.1") {
  const texts = await Promise.all(["server", "server-key", "ca"].map((name) => Bun.file(pem(name)).text()));
  const [cert = "", key = "", ca = ""] = texts;
  const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nApi-Version: 1.50\r\nContent-Length: 0\r\n\r\n");
    });
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return { host: `tcp://${address}:${port}`, [Symbol.dispose]: () => void server.close() };
}

test("TLS with certificates on both sides", async () => {
  using engine = await secureEngine();
  const client = new Client({
    endpoint: { host: engine.host, tls: { verify: true, ca: pem("ca"), cert: pem("client"), key: pem("client-key") } },
  });
  expect(await client.version()).toBe("1.50");
  client.close();
});

test("a server of another authority is refused, unless it need not be checked", async () => {
  using engine = await secureEngine();
  const tls = { cert: pem("client"), key: pem("client-key") };
  const wary = new Client({ endpoint: { host: engine.host, tls: { verify: true, ca: pem("other-ca"), ...tls } } });
  await expect(wary.ping()).rejects.toThrow("error during connect: ");
  const trusting = new Client({ endpoint: { host: engine.host, tls: { verify: false, ...tls } } });
  expect((await trusting.ping()).apiVersion).toBe("1.50");
  trusting.close();
});

test("a certificate for another name is refused", async () => {
  using engine = await secureEngine("127.0.0.2");
  const client = new Client({
    endpoint: { host: engine.host, tls: { verify: true, ca: pem("ca"), cert: pem("client"), key: pem("client-key") } },
  });
  await expect(client.ping()).rejects.toThrow("IP: 127.0.0.2 is not in the cert's list");
});

test("plain TCP", async () => {
  await using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("", { headers: { "Api-Version": "1.44" } }),
  });
  const client = new Client({ endpoint: { host: `tcp://127.0.0.1:${server.port}` } });
  expect(await client.version()).toBe("1.44");
  client.close();
});
