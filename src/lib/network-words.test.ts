import { expect, test } from "bun:test";
import { networkWords } from "./network-words.ts";

const failure = (url: string) =>
  fetch(url).then(
    () => "",
    (error: unknown) => networkWords(error, { url }),
  );

test("failures of connections in plain words, with the place", async () => {
  expect(await failure("http://nope.invalid/")).toBe("dial tcp: lookup nope.invalid: no such host");
  expect(await failure("http://127.0.0.1:1/")).toBe("dial tcp 127.0.0.1:1: connect: connection refused");
  expect(await failure("https://[::1]:1/")).toBe("dial tcp [::1]:1: connect: connection refused");
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => void socket.terminate() } });
  try {
    expect(await failure(`http://127.0.0.1:${server.port}/`)).toBe("connection reset by peer");
  } finally {
    server.stop(true);
  }
});

test("an answer that had begun is cut off", () => {
  const reset = Object.assign(new TypeError("ECONNRESET: The socket connection was closed unexpectedly."), {
    code: "ECONNRESET",
  });
  expect(networkWords(reset, { begun: true })).toBe("unexpected EOF");
});

test("without a place", async () => {
  expect(await fetch("http://127.0.0.1:1/").catch(networkWords)).toBe("connect: connection refused");
  expect(await fetch("http://nope.invalid/").catch(networkWords)).toBe("lookup nope.invalid: no such host");
  expect(networkWords(Object.assign(new Error("x"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }))).toContain(
    "x509: certificate signed by unknown authority",
  );
});

test("what nobody foresaw keeps its sentence, without hints for programmers", () => {
  expect(networkWords(new Error("ODD: something else. For more information, pass `verbose: true`"))).toBe(
    "something else",
  );
  expect(networkWords(new Error('SomethingNew fetching "http://h/". For more information, pass `verbose: true`'))).toBe(
    "the exchange failed (SomethingNew)",
  );
});
