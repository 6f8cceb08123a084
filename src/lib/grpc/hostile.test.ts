import { expect, test } from "bun:test";
import { connect } from "./client.ts";
import { bidi } from "./method.ts";
import { type ServeOptions, serve } from "./server.ts";
import { GrpcError } from "./status.ts";
import { connection } from "./testing/connection.ts";
import {
  callFrame,
  callHeaders,
  code,
  endStream,
  FrameType,
  frame,
  literals,
  preface,
  RawPeer,
} from "./testing/raw-peer.ts";

/** A peer that can write what it wants, before a server that counts the calls in it and says how they failed. */
async function against(
  use: (peer: RawPeer, server: { open: number; failures: GrpcError[] }) => Promise<void>,
  options?: ServeOptions,
) {
  await using ends = await connection();
  const server = { open: 0, failures: [] as GrpcError[] };
  const waits = bidi("/test.Peer/Wait", async (call) => {
    server.open++;
    await call.send(Buffer.from("hi"));
    await new Promise<void>((done) => {
      call.signal.addEventListener("abort", () => done());
      if (call.signal.aborted) done();
    });
    server.open--;
  });
  const reads = bidi("/test.Peer/Read", async (call) => {
    try {
      for await (const each of call.messages) await call.send(each);
    } catch (error) {
      if (error instanceof GrpcError) server.failures.push(error);
      throw error;
    }
  });
  const served = serve(ends.right, [waits, reads], options);
  const peer = new RawPeer(ends.left);
  await use(peer, server);
  ends.left.destroy();
  await served.closed;
  // Whatever happened before, a connection leaves no call behind.
  expect(server.open).toBe(0);
}

const message = (flag: number, length: number, body = "") =>
  Buffer.concat([Buffer.from([flag]), code(length), Buffer.from(body)]);

test("a client that says nothing is closed", () =>
  against(async (peer) => await peer.closed, { handshakeTimeout: 50 }));

test("a client that says nothing after half of its preface is closed", () =>
  against(
    async (peer) => {
      peer.write(preface.subarray(0, 10));
      await peer.closed;
    },
    { handshakeTimeout: 50 },
  ));

test("a client of HTTP/1 is closed", () =>
  against(async (peer) => {
    peer.write(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    await peer.closed;
  }));

test("a server that says nothing is closed, and its calls fail", async () => {
  await using ends = await connection();
  const client = connect(ends.left, { handshakeTimeout: 50 });
  const call = client.stream("/test.Peer/Wait");
  const read = async () => {
    for await (const _ of call.messages);
  };
  await expect(read()).rejects.toBeInstanceOf(GrpcError);
  await client.closed;
});

test.each([
  ["of four gigabytes", message(0, 0xffffffff, "x"), "received message larger than max (4294967295 vs. 16777216)"],
  ["that is compressed", message(1, 1, "x"), "compressed messages are not supported"],
  ["with a flag that nobody knows", message(7, 1, "x"), "received a message with unexpected flag 7"],
])("a message %s is refused, and the call ends", (_what, bytes, text) =>
  against(async (peer, server) => {
    peer.write(preface, callFrame("/test.Peer/Read", 1), frame(FrameType.data, 0, 1, bytes));
    // The client holds its side open; it is told that nobody listens.
    await peer.seen(FrameType.headers, 1, endStream);
    expect((await peer.seen(FrameType.reset, 1)).payload).toEqual(code(0));
    expect(server.failures.map((each) => each.message)).toEqual([text]);
  }),
);

test("a message that breaks off is an error", () =>
  against(async (peer, server) => {
    peer.write(preface, callFrame("/test.Peer/Read", 1), frame(FrameType.data, endStream, 1, message(0, 9, "x")));
    await peer.seen(FrameType.headers, 1);
    expect(server.failures.map((each) => each.message)).toEqual(["unexpected end of a message"]);
  }));

test("messages are found again in pieces of one byte", () =>
  against(async (peer) => {
    peer.write(preface, callFrame("/test.Peer/Read", 1));
    const bytes = Buffer.concat([message(0, 3, "abc"), message(0, 0), message(0, 2, "de")]);
    for (const byte of bytes) peer.write(frame(FrameType.data, 0, 1, Buffer.from([byte])));
    peer.write(frame(FrameType.data, endStream, 1));
    await peer.seen(FrameType.headers, 1, endStream);
    const data = peer.frames.filter((each) => each.type === FrameType.data).map((each) => each.payload);
    expect(Buffer.concat(data)).toEqual(bytes);
  }));

test("what is no call is answered, not run", () =>
  against(async (peer) => {
    const headers = (more: Record<string, string>) => callHeaders("/test.Peer/Wait", more);
    peer.write(
      preface,
      frame(FrameType.headers, 5, 1, headers({ "content-type": "text/html" })),
      frame(
        FrameType.headers,
        5,
        3,
        literals({ ":method": "GET", ":scheme": "http", ":path": "/", ":authority": "x" }),
      ),
    );
    for (const stream of [1, 3]) await peer.seen(FrameType.headers, stream, endStream);
  }));

test("more calls at once than allowed are refused, the others go on", () =>
  against(
    async (peer, server) => {
      const calls = Array.from({ length: 30 }, (_, at) => callFrame("/test.Peer/Wait", 2 * at + 1));
      peer.write(preface, ...calls);
      const refused = await peer.seen(FrameType.reset, 59);
      expect(refused.payload).toEqual(code(7));
      await peer.seen(FrameType.data, 39);
      expect(server.open).toBe(20);
    },
    { maxStreams: 20 },
  ));

test("a storm of calls that are given up at once ends the connection", () =>
  against(async (peer) => {
    peer.write(preface);
    let ended = false;
    void peer.closed.then(() => {
      ended = true;
    });
    for (let at = 0; at < 50_000 && !ended; at++) {
      const stream = 2 * at + 1;
      peer.write(callFrame("/test.Peer/Wait", stream), frame(FrameType.reset, 0, stream, code(8)));
      if (at % 200 === 0) await Bun.sleep(0);
    }
    await peer.closed;
  }));

test("headers without end end the connection", () =>
  against(async (peer) => {
    const some = literals(Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`name-${at}`, "x".repeat(100)])));
    peer.write(preface, frame(FrameType.headers, 0, 1, callHeaders("/test.Peer/Wait")));
    let ended = false;
    void peer.closed.then(() => {
      ended = true;
    });
    for (let at = 0; at < 10_000 && !ended; at++) {
      peer.write(frame(FrameType.continuation, 0, 1, some));
      if (at % 20 === 0) await Bun.sleep(0);
    }
    await peer.closed;
  }));

test("a client that says goodbye may still hear the rest", () =>
  against(async (peer, server) => {
    peer.write(preface, callFrame("/test.Peer/Read", 1));
    peer.write(frame(FrameType.goAway, 0, 0, Buffer.alloc(8)));
    peer.write(frame(FrameType.data, endStream, 1, message(0, 2, "ok")));
    expect((await peer.seen(FrameType.data, 1)).payload).toEqual(message(0, 2, "ok"));
    expect(server.failures).toEqual([]);
  }));
