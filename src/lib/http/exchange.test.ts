import { expect, test } from "bun:test";
import { ByteQueue, type Duplex } from "./duplex.ts";
import { exchange, type HttpResponse } from "./exchange.ts";

/**
 * A connection that answers with the given pieces; `delay` holds them back until the request was written that often.
 */
function scripted(
  pieces: readonly string[],
  { failAfter = Infinity }: { failAfter?: number } = {},
): Duplex & { sent: string; closed: boolean } {
  const queue = new ByteQueue({ pause() {}, resume() {} });
  for (const piece of pieces) queue.push(new TextEncoder().encode(piece));
  let writes = 0;
  return {
    sent: "",
    closed: false,
    read: () => queue.read(),
    async write(data) {
      if (++writes > failAfter) throw new Error("write: broken pipe");
      this.sent += typeof data === "string" ? data : new TextDecoder().decode(data);
    },
    end() {},
    close() {
      this.closed = true;
      queue.end();
    },
  };
}

async function body(response: HttpResponse): Promise<string> {
  let text = "";
  for await (const chunk of response.body) text += new TextDecoder().decode(chunk);
  return text;
}

const get = { method: "GET", path: "/x", headers: { Host: "berth" } };

test("a body of known length, and the connection afterwards", async () => {
  const connection = scripted(["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b c \r\n\r\nhelloHTTP/1.1"]);
  const response = await exchange(connection, get);
  expect(connection.sent).toBe("GET /x HTTP/1.1\r\nHost: berth\r\n\r\n");
  expect([response.status, response.headers.get("x-a")]).toEqual([200, "b c"]);
  expect(response.reusable()).toBe(false);
  expect(await body(response)).toBe("hello");
  expect(response.reusable()).toBe(true);
});

test("chunks, however they are cut", async () => {
  const whole =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;ext=1\r\nwiki\r\n5\r\npedia\r\nE\r\n in\r\n\r\n" +
    "chunks.\r\n0\r\nTrailer: x\r\n\r\n";
  for (const size of [1, 2, 3, 7, 50, whole.length]) {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
      whole.slice(i * size, (i + 1) * size),
    );
    const response = await exchange(scripted(pieces), get);
    expect(await body(response)).toBe("wikipedia in\r\n\r\nchunks.");
    expect(response.reusable()).toBe(true);
  }
});

test("bodies without length, and none at all", async () => {
  const connection = scripted(["HTTP/1.0 200 OK\r\n\r\nuntil ", "the end"]);
  const response = await exchange(connection, get);
  connection.close();
  expect(await body(response)).toBe("until the end");
  expect(response.reusable()).toBe(false);
  const none = await exchange(scripted(["HTTP/1.1 204 No Content\r\n\r\n"]), get);
  expect([await body(none), none.reusable()]).toEqual(["", true]);
  const head = await exchange(scripted(["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"]), { ...get, method: "HEAD" });
  expect([await body(head), head.reusable()]).toEqual(["", true]);
  const closing = await exchange(scripted(["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"]), get);
  expect([await body(closing), closing.reusable()]).toEqual(["", false]);
});

test("interim answers are passed over", async () => {
  const response = await exchange(
    scripted(["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]),
    get,
  );
  expect(await body(response)).toBe("ok");
});

test("after an upgrade all bytes belong to the stream", async () => {
  const connection = scripted(["HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw ", "bytes"]);
  const response = await exchange(connection, { ...get, method: "POST" });
  connection.close();
  expect([response.status, await body(response)]).toEqual([101, "raw bytes"]);
});

test("what is cut short is an error", async () => {
  for (const piece of [
    "HTTP/1.1 200 OK\r\nContent-Le",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
  ]) {
    const connection = scripted([piece]);
    connection.close();
    await expect(exchange(connection, get).then(body)).rejects.toThrow("unexpected EOF");
  }
  const nothing = scripted([]);
  nothing.close();
  await expect(exchange(nothing, get)).rejects.toThrow("EOF");
  await expect(exchange(scripted(["SSH-2.0-OpenSSH\r\n"]), get)).rejects.toThrow(
    'malformed HTTP response "SSH-2.0-OpenSSH"',
  );
});

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

test("text goes with its length, a stream in chunks", async () => {
  const text = scripted(["HTTP/1.1 204 No Content\r\n\r\n"]);
  await exchange(text, { ...get, method: "POST", body: "ä" });
  expect(text.sent).toEndWith("Content-Length: 2\r\n\r\nä");
  const stream = scripted(["HTTP/1.1 204 No Content\r\n\r\n"]);
  const response = await exchange(stream, { ...get, method: "PUT", body: chunks("hello ", "", "world") });
  while (!response.reusable()) {
    await body(response);
    await Bun.sleep(0);
  }
  expect(stream.sent).toEndWith("Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n");
});

test("an answer that comes before the body is sent counts", async () => {
  const connection = scripted(["HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"], { failAfter: 2 });
  const response = await exchange(connection, { ...get, method: "PUT", body: chunks("a", "b", "c") });
  expect([response.status, await body(response), response.reusable()]).toEqual([413, "big", false]);
});

test("a source that fails ends the exchange with its own error", async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(3);
    throw new Error("open /x: permission denied");
  }
  const connection = scripted([]);
  await expect(exchange(connection, { ...get, method: "PUT", body: failing() })).rejects.toThrow(
    "open /x: permission denied",
  );
});
