/** A connection over anything: within the calls of another as well nothing is lost, and its ends are told. */
import { expect, test } from "bun:test";
import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connection } from "./connection.ts";
import { connect } from "./grpc/client.ts";
import { bidi } from "./grpc/method.ts";
import { serve } from "./grpc/server.ts";

/** Two ends of one connection between sockets. */
async function pair(): Promise<[Duplex, Duplex]> {
  const listener = createServer();
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("the listener has a port");
  const accepted = once(listener, "connection");
  const client = createConnection(address.port, "127.0.0.1");
  const [server] = await accepted;
  listener.close();
  return [over(server), over(client)];
}

function over(socket: Socket): Duplex {
  return connection({
    input: socket,
    write: (data) => new Promise((resolve) => socket.write(data, () => resolve())),
    endWrite: () => socket.end(),
    close: () => socket.destroy(),
  });
}

/** A connection whose bytes are the messages of a call. */
const within = (call: { messages: AsyncIterable<Uint8Array>; send(message: Uint8Array): Promise<void> }) =>
  connection({ input: call.messages, write: (data) => call.send(data), endWrite: () => {}, close: () => {} });

test("calls on a connection within a call of another lose nothing", async () => {
  const echo = bidi("/inner/echo", async (call) => {
    for await (const message of call.messages) await call.send(message);
  });
  const [server, client] = await pair();
  const served = serve(server, [bidi("/outer/tunnel", (call) => serve(within(call), [echo]).closed)]);
  const outer = connect(client);
  const inner = connect(within(outer.stream("/outer/tunnel")));
  const [callsAtOnce, messages] = [8, 40];
  const came = await Promise.all(
    Array.from({ length: callsAtOnce }, async (_, number) => {
      const call = inner.stream("/inner/echo");
      const length = 3000 + number;
      void (async () => {
        for (let at = 0; at < messages; at++) await call.send(new Uint8Array(length).fill(at));
        call.end();
      })();
      const got: string[] = [];
      for await (const message of call.messages) got.push(`${message.length - number}:${message[0]}`);
      return got;
    }),
  );
  const whole = Array.from({ length: messages }, (_, at) => `3000:${at}`);
  expect(came).toEqual(Array.from({ length: callsAtOnce }, () => whole));
  outer.close();
  await served.closed;
});

test("what is written goes in its order, what waits as one; both ends are told of", async () => {
  const told: string[] = [];
  const first = Promise.withResolvers<void>();
  const made = connection({
    input: (async function* () {
      yield Buffer.from("in");
    })(),
    async write(data) {
      told.push(Buffer.from(data).toString());
      if (told.length === 1) await first.promise;
    },
    endWrite: () => void told.push("end"),
    close: () => void told.push("close"),
  });
  for (const word of ["a", "b", "c"]) made.write(word);
  first.resolve();
  const read: string[] = [];
  for await (const chunk of made.iterator({ destroyOnReturn: false })) read.push(String(chunk));
  await new Promise<void>((resolve) => made.end(resolve));
  made.destroy();
  expect([read, told]).toEqual([["in"], ["a", "bc", "end", "close"]]);
});

test("input that fails ends it with that failure", async () => {
  let closed = false;
  const made = connection({
    // biome-ignore lint/correctness/useYield: it never comes so far
    input: (async function* () {
      throw new Error("cut");
    })(),
    write: async () => {},
    endWrite: () => {},
    close: () => {
      closed = true;
    },
  });
  const failed = Promise.withResolvers<Error>();
  made.on("error", failed.resolve);
  made.resume();
  expect((await failed.promise).message).toBe("cut");
  expect(closed).toBe(true);
});
