import { expect, test } from "bun:test";
import { type BodyFraming, bodyStart, MalformedBody, takeContent } from "./http-body.ts";

/** The content of a body that comes in pieces of so many bytes, and what was read beyond it. */
function read(text: string, framing: BodyFraming, size: number): { content: string; rest: string; done: boolean } {
  const place = bodyStart(framing);
  const bytes = Buffer.from(text, "latin1");
  let content = "";
  let at = 0;
  while (at < bytes.length && place.state !== "done") {
    const taken = takeContent(place, bytes.subarray(at, at + size));
    content += Buffer.from(taken.content).toString("latin1");
    at += taken.used;
  }
  return { content, rest: bytes.subarray(at).toString("latin1"), done: place.state === "done" };
}

const chunks = "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";

test.each([1, 2, 3, 7, 1000])("bodies in pieces of %p bytes", (size) => {
  expect(read(`${chunks}next`, "chunked", size)).toEqual({ content: "abc0123456789", rest: "next", done: true });
  expect(read("abcdenext", { length: 5 }, size)).toEqual({ content: "abcde", rest: "next", done: true });
  expect(read(chunks.slice(0, 20), "chunked", size).done).toBe(false);
  expect(read("abc", { length: 4 }, size).done).toBe(false);
});

test("a body of no bytes is at its end", () => {
  expect(bodyStart({ length: 0 }).state).toBe("done");
  expect(read("0\r\n\r\nnext", "chunked", 4)).toEqual({ content: "", rest: "next", done: true });
});

test.each([
  ["zz\r\n", "malformed chunked encoding"],
  ["3\r\nabcd\r\n", "malformed chunked encoding"],
  ["x".repeat(5000), "malformed chunked encoding"],
  [`0\r\n${"a: b\r\n".repeat(200)}`, "too many trailers"],
])("%#: no chunks", (text, message) => {
  for (const size of [1, 10, 10_000]) expect(() => read(text, "chunked", size)).toThrow(new MalformedBody(message));
});
