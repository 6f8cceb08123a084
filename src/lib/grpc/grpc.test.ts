import { expect, test } from "bun:test";
import { decode, encode, field, message, string, uint32 } from "../protobuf.ts";
import { type Client, connect } from "./client.ts";
import { bidi, type Method, serverStream, unary } from "./method.ts";
import { type ServeOptions, serve } from "./server.ts";
import { Code, GrpcError } from "./status.ts";
import { connection } from "./testing/connection.ts";

const Text = message({ text: field(1, string), times: field(2, uint32) });

const echo = unary("/test.Echo/Say", Text, Text, (request) => request);
const repeat = serverStream("/test.Echo/Repeat", Text, Text, async ({ text, times }, _call, send) => {
  for (let at = 0; at < times; at++) await send({ text: `${text} ${at}` });
});
const mirror = bidi("/test.Echo/Mirror", async (call) => {
  for await (const each of call.messages) await call.send(each);
});

/** A client and a server, connected for as long as `use` takes. */
async function pair<T>(methods: Method[], use: (client: Client) => Promise<T>, options?: ServeOptions): Promise<T> {
  await using ends = await connection();
  const served = serve(ends.right, methods, options);
  const client = connect(ends.left);
  try {
    return await use(client);
  } finally {
    client.close();
    await Promise.all([client.closed, served.closed]);
  }
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error as GrpcError,
  );

async function all(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const each of messages) found.push(each);
  return found;
}

/** Also where it was aborted before anybody came to wait. */
const aborted = (signal: AbortSignal) =>
  new Promise<void>((done) => {
    signal.addEventListener("abort", () => done());
    if (signal.aborted) done();
  });

test("one message there, one back", async () => {
  const answer = await pair([echo], (client) => client.unary(echo.path, Text, Text, { text: "é", times: 3 }));
  expect(answer).toEqual({ text: "é", times: 3 });
});

test("many messages back", async () => {
  await pair([repeat], async (client) => {
    const call = client.stream(repeat.path);
    await call.send(encode(Text, { text: "a", times: 1000 }));
    call.end();
    const found = await all(call.messages);
    expect(found.length).toBe(1000);
    expect(decode(Text, found[999] ?? new Uint8Array()).text).toBe("a 999");
  });
});

test("messages of any size in both directions, several in one write", async () => {
  await pair([mirror], async (client) => {
    const call = client.stream(mirror.path);
    const sizes = [0, 1, 5, 16379, 16384, 65536, 3 << 20, 0, 7];
    const sent = sizes.map((size, at) => new Uint8Array(size).fill(at));
    const back = all(call.messages);
    await call.send(sent.slice(0, 4));
    for (const each of sent.slice(4)) await call.send(each);
    call.end();
    expect((await back).map((each) => Buffer.from(each))).toEqual(sent.map((each) => Buffer.from(each)));
  });
});

test("errors come with code, text and details", async () => {
  const details = [{ typeUrl: "a/b+json", value: Buffer.from("{}") }];
  const fails = unary("/test.Echo/Fail", Text, Text, ({ times }) => {
    if (times === 0) throw new Error("50% of\nthe wörk");
    throw new GrpcError(Code.notFound, "gone", details);
  });
  await pair([fails], async (client) => {
    const plain = await failure(client.unary(fails.path, Text, Text, {}));
    expect(plain).toBeInstanceOf(GrpcError);
    expect(plain).toMatchObject({ code: Code.unknown, message: "50% of\nthe wörk", details: [] });
    const detailed = await failure(client.unary(fails.path, Text, Text, { times: 1 }));
    expect(detailed).toMatchObject({ code: Code.notFound, message: "gone" });
    expect(detailed?.details.map((each) => [each.typeUrl, Buffer.from(each.value).toString()])).toEqual([
      ["a/b+json", "{}"],
    ]);
  });
});

test("what is longer than headers may be is left out of an error, and refused in a call", async () => {
  const detail = (length: number) => ({ typeUrl: "a/b+json", value: Buffer.alloc(length, "x") });
  const fails = unary("/test.Echo/Fail", Text, Text, ({ times, text }) => {
    throw new GrpcError(Code.notFound, text, [detail(10), detail(times)]);
  });
  await pair([fails], async (client) => {
    const text = "é".repeat(10_000);
    const error = await failure(client.unary(fails.path, Text, Text, { text, times: 1 << 20 }));
    expect(error).toMatchObject({ code: Code.notFound, message: "é".repeat(4096) });
    expect(error?.details.map(({ value }) => value.length)).toEqual([10]);
    for (const patterns of [Array.from({ length: 30_000 }, (_, at) => `pattern number ${at}`), "x".repeat(70_000)]) {
      const refused = await failure(client.unary(fails.path, Text, Text, {}, { metadata: { patterns } }));
      expect(refused).toMatchObject({ code: Code.resourceExhausted });
    }
    const whole = await failure(client.unary(fails.path, Text, Text, { text: "whole", times: 30_000 }));
    expect(whole?.details.map(({ value }) => value.length)).toEqual([10, 30_000]);
  });
});

test("an error after messages comes behind them", async () => {
  const fails = bidi("/test.Echo/Half", async (call) => {
    await call.send([Buffer.from("one"), Buffer.alloc(1 << 20)]);
    throw new GrpcError(Code.aborted, "no more");
  });
  await pair([fails], async (client) => {
    const call = client.stream(fails.path);
    let seen = 0;
    const end = await failure(
      (async () => {
        for await (const each of call.messages) {
          seen += each.length;
          await Bun.sleep(5);
        }
      })(),
    );
    expect(seen).toBe(3 + (1 << 20));
    expect(end).toMatchObject({ code: Code.aborted, message: "no more" });
  });
});

test("what is not there is unimplemented, in the words of Go's server", async () => {
  await pair([echo], async (client) => {
    const of = async (path: string) => (await failure(client.unary(path, Text, Text, {})))?.message;
    expect(await of("/test.Echo/Sing")).toBe("unknown method Sing for service test.Echo");
    expect(await of("/test.Other/Say")).toBe("unknown service test.Other");
    expect(await of("/Say")).toBe('malformed method name: "/Say"');
  });
});

test("metadata arrives value by value, and answers may have headers of their own", async () => {
  const seen: unknown[] = [];
  const look = unary("/test.Echo/Look", Text, Text, (request, call) => {
    seen.push(call.metadata.get("one"), call.metadata.getAll("followpaths"), call.metadata.getAll("none"));
    return request;
  });
  await pair([look], (client) =>
    client.unary(look.path, Text, Text, {}, { metadata: { one: "1", followpaths: ["a, b", "c"] } }),
  );
  expect(seen).toEqual(["1", ["a, b", "c"], []]);
});

test("a cancelled call aborts the method's signal", async () => {
  const { promise: reason, resolve } = Promise.withResolvers<unknown>();
  const waits = bidi("/test.Echo/Wait", async (call) => {
    await call.send(Buffer.from("here"));
    await aborted(call.signal);
    resolve(call.signal.reason);
  });
  await pair([waits], async (client) => {
    const stop = new AbortController();
    const call = client.stream(waits.path, { signal: stop.signal });
    const end = await failure(
      (async () => {
        for await (const _ of call.messages) stop.abort();
      })(),
    );
    expect(end).toMatchObject({ code: Code.cancelled });
    expect(await reason).toMatchObject({ code: Code.cancelled, message: "context canceled" });
  });
});

test("messages of a cancelled call fail, they do not end", async () => {
  const { promise: seen, resolve } = Promise.withResolvers<unknown>();
  const reads = bidi("/test.Echo/Read", async (call) => {
    await call.send(Buffer.from("here"));
    resolve(await failure(all(call.messages)));
  });
  await pair([reads], async (client) => {
    const call = client.stream(reads.path);
    await failure(
      (async () => {
        for await (const _ of call.messages) call.cancel();
      })(),
    );
    expect(await seen).toMatchObject({ code: Code.cancelled });
  });
});

test("a call that takes too long ends on both sides", async () => {
  const { promise: reason, resolve } = Promise.withResolvers<unknown>();
  const waits = unary("/test.Echo/Wait", Text, Text, async (request, call) => {
    await aborted(call.signal);
    resolve(call.signal.reason);
    return request;
  });
  await pair([waits], async (client) => {
    const end = await failure(client.unary(waits.path, Text, Text, {}, { timeoutMs: 30 }));
    expect(end).toMatchObject({ code: Code.deadlineExceeded });
    expect(await reason).toBeInstanceOf(GrpcError);
  });
});

test("a connection that breaks ends its calls on both sides", async () => {
  await using ends = await connection();
  const { promise: reason, resolve } = Promise.withResolvers<unknown>();
  const waits = bidi("/test.Echo/Wait", async (call) => {
    await call.send(Buffer.from("here"));
    await aborted(call.signal);
    resolve(call.signal.reason);
  });
  const served = serve(ends.right, [waits]);
  const client = connect(ends.left);
  const call = client.stream(waits.path);
  const end = await failure(
    (async () => {
      for await (const _ of call.messages) ends.left.destroy();
    })(),
  );
  expect(end).toMatchObject({ code: Code.unavailable });
  expect(await reason).toMatchObject({ code: Code.cancelled });
  await Promise.all([client.closed, served.closed]);
  expect(await failure(client.unary(waits.path, Text, Text, {}))).toMatchObject({ code: Code.unavailable });
});

test("a reader that does not read makes the writer wait", async () => {
  const { promise: go, resolve: read } = Promise.withResolvers<void>();
  let taken = 0;
  const slow = bidi("/test.Echo/Slow", async (call) => {
    await go;
    for await (const each of call.messages) taken += each.length;
  });
  await pair([slow], async (client) => {
    const call = client.stream(slow.path);
    let sent = 0;
    const piece = new Uint8Array(64 * 1024);
    const writing = (async () => {
      for (let at = 0; at < 200; at++) {
        await call.send(piece);
        sent++;
      }
      call.end();
    })();
    let before = -1;
    while (before !== sent) {
      before = sent;
      await Bun.sleep(50);
    }
    expect(sent).toBeLessThan(40);
    read();
    await writing;
    expect(await all(call.messages)).toEqual([]);
    expect(taken).toBe(200 * piece.length);
  });
});

test("a thousand calls at once on one connection", async () => {
  await pair([echo], async (client) => {
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, times) => client.unary(echo.path, Text, Text, { times })),
    );
    expect(answers.map((each) => each.times)).toEqual(Array.from({ length: 1000 }, (_, at) => at));
  });
});
