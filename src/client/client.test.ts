import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { Client } from "./client.ts";
import { ApiError, ConnectionError } from "./errors.ts";

const dir = mkdtempSync("/tmp/berth-client-");
afterAll(() => rmSync(dir, { recursive: true }));
let sockets = 0;

/** A bare server: each connection gets the next of the scripts; it answers each request with what the script says. */
function server(...scripts: ((request: string) => string | null)[]) {
  const path = `${dir}/${sockets++}.sock`;
  const requests: string[] = [];
  let connections = 0;
  const listener = Bun.listen<{ script: (request: string) => string | null }>({
    unix: path,
    socket: {
      open(socket) {
        socket.data = { script: scripts[Math.min(connections++, scripts.length - 1)] ?? (() => null) };
      },
      data(socket, bytes) {
        const request = bytes.toString();
        requests.push(request.split("\r\n", 1)[0] ?? "");
        const answer = socket.data.script(request);
        if (answer === null) socket.end();
        else socket.write(answer);
      },
    },
  });
  return {
    requests,
    connections: () => connections,
    client: new Client({ endpoint: { host: `unix://${path}` } }),
    [Symbol.dispose]: () => listener.stop(true),
  };
}

const ok = (body: string, headers = "") =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
const ping = (version: string) =>
  `HTTP/1.1 200 OK\r\nApi-Version: ${version}\r\nOstype: linux\r\nContent-Length: 0\r\n\r\n`;
const engine = (version: string) => (request: string) => (request.includes("/_ping") ? ping(version) : ok('{"a":1}'));

test("the lower of both API versions is spoken, over one connection", async () => {
  using old = server(engine("1.41"));
  expect(await old.client.json<unknown>("GET", "/x", { query: { all: true } })).toEqual({ a: 1 });
  await old.client.text("POST", "/y");
  expect(old.requests).toEqual(["HEAD /_ping HTTP/1.1", "GET /v1.41/x?all=1 HTTP/1.1", "POST /v1.41/y HTTP/1.1"]);
  expect(old.connections()).toBe(1);
  using young = server(engine("9.9"));
  await young.client.text("GET", "/x");
  expect(young.requests[1]).toBe("GET /v1.56/x HTTP/1.1");
});

test("requests side by side have connections of their own", async () => {
  using engineServer = server(engine("1.50"));
  await engineServer.client.version();
  await Promise.all([1, 2, 3].map((i) => engineServer.client.text("GET", `/${i}`)));
  expect(engineServer.connections()).toBe(3);
});

test("an idle connection that the engine has closed is replaced", async () => {
  let calls = 0;
  using engineServer = server(
    (request) => (request.includes("/_ping") ? ping("1.50") : calls++ === 0 ? null : ok("{}")),
    engine("1.50"),
  );
  expect(await engineServer.client.json<unknown>("GET", "/x")).toEqual({ a: 1 });
  expect(engineServer.connections()).toBe(2);
});

test("refusals carry the engine's words", async () => {
  using engineServer = server((request) => {
    if (request.includes("/_ping")) return ping("1.50");
    if (request.includes("/plain"))
      return "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nboom\n";
    return (
      `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 37\r\n\r\n{"message":"No such ` +
      `container: nope"}`
    );
  });
  const error: unknown = await engineServer.client.text("GET", "/x").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({
    status: 404,
    reason: "No such container: nope",
    message: "Error response from daemon: No such container: nope",
  });
  await expect(engineServer.client.text("GET", "/plain")).rejects.toThrow("Error response from daemon: boom");
});

test("no engine", async () => {
  const client = new Client({ endpoint: { host: `unix://${dir}/none.sock` } });
  const error: unknown = await client.text("GET", "/x").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toHaveProperty(
    "message",
    `Cannot connect to the Berth daemon at unix://${dir}/none.sock. Is the berth daemon running?`,
  );
});

test("a hijacked connection goes both ways, and half-closes", async () => {
  const path = `${dir}/hijack.sock`;
  let received = "";
  using undo = new DisposableStack();
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("data", (bytes) => {
      const text = bytes.toString();
      if (text.startsWith("HEAD")) socket.write(ping("1.50"));
      else if (text.startsWith("POST"))
        socket.write(
          "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n" +
            "Upgrade: tcp\r\n\r\nfirst ",
        );
      else received += text;
    });
    socket.on("end", () => socket.end(`got ${received}`));
  });
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  undo.defer(() => listener.close());
  const client = new Client({ endpoint: { host: `unix://${path}` } });
  const stream = await client.hijack("/containers/x/attach", { query: { stream: true } });
  expect(stream.mediaType).toBe("application/vnd.docker.raw-stream");
  const big = new Uint8Array(3_000_000).fill(97);
  await stream.write(big);
  stream.end();
  let text = "";
  for await (const chunk of stream.frames) text += new TextDecoder().decode(chunk);
  expect(text.slice(0, 12)).toBe("first got aa");
  expect(text.length).toBe("first got ".length + big.length);
});

test("an aborted request ends at once", async () => {
  using engineServer = server((request) =>
    request.includes("/_ping") ? ping("1.50") : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
  );
  const stop = new AbortController();
  const { body } = await engineServer.client.stream("GET", "/events", { signal: stop.signal });
  const reading = (async () => {
    for await (const _ of body) stop.abort();
  })();
  await expect(reading).rejects.toThrow();
});
