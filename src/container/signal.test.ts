import { expect, test } from "bun:test";
import { parseSignal } from "./signal.ts";

test.each([["KILL", 9], ["SIGTERM", 15], ["sighup", 1], ["2", 2], ["SIGRTMIN+3", 37], ["RTMAX-1", 63], ["64", 64]] as const)("%p is %p", (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each(["", "0", "65", "-1", "WHAT", "RTMIN+40", "9x"])("%p is refused", (text) => {
  expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
});
