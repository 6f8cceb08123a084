import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silent } from "../../lib/log.ts";
import { type Listener, listenHttp } from "./listener.ts";
import { progress } from "./progress.ts";
import { encode, json, type Reply, stream } from "./reply.ts";
import type { HttpRequest } from "./serve.ts";

let directory: string;
let path: string;
let listener: Listener;
/** What the last request's signal said when its handler was left. */
let left: Promise<void>;
/** Of the job whose client leaves before the head: its end. */
let lateEnds: Promise<void> | null = null;

async function handle(request: HttpRequest): Promise<Reply> {
  return encode(await answer(request));
}

async function answer({ head, body, signal }: HttpRequest): Promise<Reply> {
  switch (head.target) {
    case "/json":
      return json(200, { method: head.method });
    case "/size": {
      let size = 0;
      for await (const chunk of body) size += chunk.length;
      return json(200, { size });
    }
    case "/limited":
      return json(200, { size: (await body.bytes(1000)).length });
    case "/unread":
      return json(404, { message: "no" });
    case "/echo":
      return stream("application/octet-stream", body);
    case "/pour":
      return stream(
        "application/octet-stream",
        (async function* () {
          for (let i = 0; i < 200; i++) yield new Uint8Array(100_000).fill(i);
        })(),
      );
    case "/forever": {
      const gone = Promise.withResolvers<void>();
      left = gone.promise;
      return stream(
        "text/plain",
        (async function* () {
          yield "first\n";
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          gone.resolve();
        })(),
      );
    }
    case "/late": {
      // The job has made its first step when its client is gone altogether.
      const ended = Promise.withResolvers<void>();
      lateEnds = ended.promise;
      const reply = await progress(
        (async function* () {
          try {
            yield { status: "begun" };
            yield { status: "more" };
          } finally {
            ended.resolve();
          }
        })(),
      );
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      await Bun.sleep(0);
      return reply;
    }
    case "/breaks":
      return stream(
        "text/plain",
        (async function* () {
          yield "half";
          throw new Error("broken");
        })(),
      );
    case "/raw":
      return {
        status: 101,
        headers: { Connection: "Upgrade", Upgrade: "tcp" },
        takeOver: async (raw) => {
          let size = 0;
          for await (const chunk of raw.input) {
            size += chunk.length;
            await raw.write(chunk);
          }
          await raw.write(Buffer.from(`total ${size}`));
          raw.endWrite();
        },
      };
    default:
      return { status: 204 };
  }
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-http-"));
  path = join(directory, "s");
  listener = listenHttp({ unix: path }, handle, silent);
});
afterAll(() => {
  listener.stop();
  listener.closeAll();
  rmSync(directory, { recursive: true });
});

const url = (target: string) => `http://d${target}`;

/** Sends bytes as they are, ends its half where asked, returns all that comes until the server closes. */
async function talk(text: string, { end = true } = {}): Promise<string> {
  const socket = connect(path);
  socket.write(text);
  if (end) socket.end();
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

describe("requests", () => {
  test("reuse a connection, pipelined too", async () => {
    const one = "GET /json HTTP/1.1\r\nHost: d\r\n\r\n";
    const answer = await talk(
      `\r\n${one}POST /size HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc${one}GET /none HTTP/1.1\r\n` +
        "Host: d\r\nConnection: close\r\n\r\n",
      { end: false },
    );
    expect(answer.match(/HTTP\/1\.1 200 OK/g)?.length).toBe(3);
    expect(answer).toContain('{"size":3}');
    expect(answer).toContain("204 No Content");
  });
  test("HEAD has a head only", async () => {
    const answer = await talk("HEAD /json HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n", { end: false });
    expect(answer).toMatch(/Content-Length: 18\r\n(.*\r\n)*\r\n$/);
  });
  test("chunked bodies, however cut", async () => {
    expect(
      await talk(
        "POST /size HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n" +
          "0\r\nTrailer: x\r\n\r\nGET /json HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n",
        { end: false },
      ),
    ).toMatch(/\{"size":13\}[^]*\{"method":"GET"\}/);
  });
  test("a large body streams both ways", async () => {
    const data = Buffer.alloc(20_000_000, "x");
    const response = await fetch(url("/echo"), { unix: path, method: "POST", body: data });
    expect(Buffer.from(await response.arrayBuffer()).equals(data)).toBe(true);
  });
  test("an unread body does not confuse the next request", async () => {
    const answer = await talk(
      "POST /unread HTTP/1.1\r\nHost: d\r\nContent-Length: 27\r\n\r\nGET /json HTTP/1.1\r\nHost:d\nGET /json " +
        "HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n",
      { end: false },
    );
    expect(answer.match(/HTTP\/1\.1 404/g)?.length).toBe(1);
    expect(answer.match(/HTTP\/1\.1 200/g)?.length).toBe(1);
  });
  test("100-continue comes when the body is wanted", async () => {
    const ask = (target: string) =>
      `POST ${target} HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc`;
    expect(await talk(ask("/size"), { end: false })).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK[^]*\{"size":3\}/,
    );
    expect(await talk(ask("/unread"), { end: false })).toMatch(/^HTTP\/1\.1 404/);
  });
  test("HTTP/1.0 is answered without chunks", async () => {
    const answer = await talk("GET /pour HTTP/1.0\r\n\r\n", { end: false });
    expect(answer).toContain("Connection: close");
    expect(answer).not.toContain("chunked");
    expect(answer.length).toBeGreaterThan(20_000_000);
  });
  test.each([
    ["nonsense\r\n\r\n", "400 Bad Request"],
    ["GET / HTTP/1.1\r\n\r\n", "missing required Host"],
    ["GET / HTTP/1.1\r\nHost: d\r\n broken\r\n\r\n", "400"],
    ["POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"],
    ["POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"],
    ["POST / HTTP/1.1\r\nHost: d\r\nContent-Length: -1\r\n\r\n", "400"],
    ["GET / HTTP/2.0\r\n\r\n", "400"],
    ["POST /size HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"],
    [`GET / HTTP/1.1\r\nHost: d\r\nX: ${"x".repeat(1_100_000)}\r\n\r\n`, "431"],
  ])("%#: refused", async (text, expected) => expect(await talk(text, { end: false })).toContain(expected));
});

describe("limits of a connection", () => {
  test("a body beyond the bound", async () => {
    await expect(
      talk(`POST /limited HTTP/1.1\r\nHost: d\r\nContent-Length: 2000\r\n\r\n${"x".repeat(2000)}`, { end: false }),
    ).resolves.toBe("");
  });
  test("a client that leaves is noticed", async () => {
    const stop = new AbortController();
    const response = await fetch(url("/forever"), { unix: path, signal: stop.signal });
    const reader = response.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("first\n");
    stop.abort();
    await left;
  });
  test("a job is ended that nobody is there to hear of", async () => {
    const socket = connect(path);
    socket.write("POST /late HTTP/1.1\r\nHost: d\r\n\r\n", () => socket.destroy());
    while (lateEnds === null) await Bun.sleep(1);
    await lateEnds;
  });
  test("a reply that breaks off is not taken for whole", async () => {
    const answer = await talk("GET /breaks HTTP/1.1\r\nHost: d\r\n\r\n", { end: false });
    expect(answer).toEndWith("4\r\nhalf\r\n");
  });
  test("a slow reader holds the writer back", async () => {
    const socket: Socket = connect(path);
    socket.write("GET /pour HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
    let size = 0;
    for await (const chunk of socket) {
      size += chunk.length;
      if (size < 1_000_000) await Bun.sleep(1);
    }
    expect(size).toBeGreaterThan(20_000_000);
  });
});

test("a connection taken over passes bytes both ways and ends by halves", async () => {
  const answer = await talk(`POST /raw HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello`);
  expect(answer).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n/);
  expect(answer).toEndWith("\r\n\r\nhellototal 5");
});
