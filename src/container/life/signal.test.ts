import { expect, test } from "bun:test";
import { parseSentSignal, parseSignal } from "./signal.ts";

test.each([
  ["KILL", 9],
  ["SIGTERM", 15],
  ["sighup", 1],
  ["2", 2],
  ["SIGRTMIN+3", 37],
  ["RTMAX-1", 63],
  ["64", 64],
] as const)("%p is %p", (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each(["", "0", "65", "-1", "WHAT", "RTMIN+16", "RTMAX-15", "RTMIN+40", "9x"])("%p is refused", (text) => {
  expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
});

test("of a signal to send, a number that is none is told apart from a text that is none", () => {
  for (const text of ["65", "100", "-1", "32", "33"])
    expect(() => parseSentSignal(text)).toThrow(`the linux daemon does not support signal ${text}`);
  for (const text of ["0", "00", "WHAT"]) expect(() => parseSentSignal(text)).toThrow(`invalid signal: ${text}`);
  expect([parseSentSignal("64"), parseSentSignal("SIGRTMIN+1"), parseSentSignal("kill")]).toEqual([64, 35, 9]);
});
