import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { gunzipSync, gzipSync, inflateRawSync, zstdDecompressSync } from "node:zlib";
import { EngineError, errorMessage } from "./errors.ts";

const told = async (fail: () => unknown): Promise<string> => {
  try {
    await fail();
  } catch (error) {
    return errorMessage(error);
  }
  return "no failure";
};

test.each<[() => unknown, string]>([
  [() => JSON.parse("{"), "malformed JSON"],
  [() => new Response("<").json(), "malformed JSON"],
  [() => gunzipSync("noise noise"), "gzip: invalid header"],
  [() => gunzipSync(gzipSync(Buffer.alloc(10_000, "ab")).subarray(0, 20)), "unexpected EOF"],
  [() => zstdDecompressSync("noise noise"), "zstd: corrupt input"],
  [() => inflateRawSync("noise noise"), "flate: corrupt input"],
  [() => new URL("http://["), "invalid URL"],
  [() => decodeURIComponent("%zz"), "invalid URL escape"],
  [() => new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.of(0xff)), "invalid UTF-8"],
  [() => Bun.spawn(["no-such-program"]), 'exec: "no-such-program": executable file not found in $PATH'],
  [() => Bun.spawn(["/no/such/program"]), "fork/exec /no/such/program: no such file or directory"],
  [() => readFileSync("/no/such/file"), "open /no/such/file: no such file or directory"],
  [() => Bun.connect({ hostname: "127.0.0.1", port: 1, socket: { data() {} } }), "connect: connection refused"],
  [() => fetch("http://127.0.0.1:1/"), "connect: connection refused"],
  [() => fetch("http://x/", { unix: "/no/such/socket" }), "connect: no such file or directory"],
  [() => fetch("http://127.0.0.1:1/", { signal: AbortSignal.abort() }), "context canceled"],
  [
    () => new Promise((_, reject) => connect(1, "127.0.0.1").on("error", reject)),
    "dial tcp 127.0.0.1:1: connect: connection refused",
  ],
  [
    () => new Promise((_, reject) => createServer().on("error", reject).listen(1, "203.0.113.77")),
    "listen tcp 203.0.113.77:1: bind: cannot assign requested address",
  ],
])("%p reads %p", async (fail, words) => {
  expect(await told(fail)).toBe(words);
});

test.each(["127.0.0.1", "::1"])("of a port that somebody else has, at %s", async (hostname) => {
  using other = Bun.listen({ hostname, port: 0, socket: { data() {} } });
  const taken = () => Bun.listen({ hostname, port: other.port, socket: { data() {} } });
  const place = `${hostname === "::1" ? "[::1]" : hostname}:${other.port}`;
  expect(await told(taken)).toBe(`listen tcp ${place}: bind: address already in use`);
});

test("our own words stay as they are", async () => {
  expect(errorMessage(new EngineError("invalid", "JSON Parse error: mine"))).toBe("JSON Parse error: mine");
  expect(errorMessage(new Error("connect ECONNREFUSED mine"))).toBe("connect ECONNREFUSED mine");
  expect(
    await told(() => {
      throw new RangeError("a line of more than 5 bytes");
    }),
  ).toBe("a line of more than 5 bytes");
});
