import { expect, test } from "bun:test";
import { decodeMessages, encodeMessage } from "./websocket.ts";

/** As a client sends it. */
function masked(opcode: number, text: string, mask = [1, 2, 3, 4]): Buffer {
  const bare = Buffer.from(encodeMessage(opcode, Buffer.from(text)));
  const start = bare.length - Buffer.byteLength(text);
  bare[1] = (bare[1] ?? 0) | 0x80;
  const payload = bare.subarray(start).map((byte, i) => byte ^ (mask[i & 3] ?? 0));
  return Buffer.concat([bare.subarray(0, start), Buffer.from(mask), payload]);
}

test.each([1, 3, 10_000, 1_000_000])("messages, in pieces of %d bytes", async (size) => {
  const texts = ["", "hello", "x".repeat(200), "y".repeat(70_000)];
  const wire = Buffer.concat(texts.map((text) => masked(2, text)));
  async function* pieces() {
    for (let at = 0; at < wire.length; at += size) yield wire.subarray(at, at + size);
  }
  if (size === 1) texts.pop();
  const got: string[] = [];
  for await (const { payload } of decodeMessages(pieces())) {
    got.push(Buffer.from(payload).toString());
    if (got.length === texts.length) break;
  }
  expect(got).toEqual(texts);
});

test("a frame without a mask is refused", async () => {
  async function* wire() {
    yield encodeMessage(1, Buffer.from("x"));
  }
  await expect(Array.fromAsync(decodeMessages(wire()))).rejects.toThrow("masked");
});
