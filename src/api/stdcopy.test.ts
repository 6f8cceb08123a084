import { expect, test } from "bun:test";
import { decodeFrames, encodeFrame, type Frame, FrameDecoder } from "./stdcopy.ts";

const text = (data: Uint8Array) => new TextDecoder().decode(data);
const bytes = (value: string) => new TextEncoder().encode(value);
const wire = Buffer.concat([
  encodeFrame({ stream: 1, data: bytes("out") }),
  encodeFrame({ stream: 2, data: bytes("error") }),
  encodeFrame({ stream: 1, data: bytes("") }),
  encodeFrame({ stream: 1, data: bytes("!") }),
]);

test("header", () =>
  expect([...encodeFrame({ stream: 2, data: new Uint8Array(258) }).subarray(0, 8)]).toEqual([2, 0, 0, 0, 0, 0, 1, 2]));

test.each([1, 2, 3, 7, 8, 9, 1000])("whole, cut into pieces of %d", (size) => {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  for (let at = 0; at < wire.length; at += size) frames.push(...decoder.push(wire.subarray(at, at + size)));
  expect(
    frames
      .filter((f) => f.stream === 1)
      .map((f) => text(f.data))
      .join(""),
  ).toBe("out!");
  expect(
    frames
      .filter((f) => f.stream === 2)
      .map((f) => text(f.data))
      .join(""),
  ).toBe("error");
  expect(decoder.atBoundary).toBe(true);
});

async function* from(...chunks: Uint8Array[]) {
  yield* chunks;
}

test("an early end, a foreign byte and a reported error throw", async () => {
  const read = (...chunks: Uint8Array[]) => Array.fromAsync(decodeFrames(from(...chunks)));
  await expect(read(wire.subarray(0, 10))).rejects.toThrow("unexpected EOF");
  await expect(read(bytes("HTTP/1.1 200"))).rejects.toThrow("Unrecognized input header: 72");
  await expect(read(new Uint8Array([3, 0, 0, 0, 0, 0, 0, 2, 110, 111]))).rejects.toThrow(
    "error from daemon in stream: no",
  );
});
