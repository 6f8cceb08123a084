import { expect, test } from "bun:test";
import { parsePs } from "./top.ts";

const output = `UID   PID  PPID CMD
root    1     0 /sbin/init splash
root   12     1 sh -c  sleep 1
root    -     - -
root   13     1 sleep 1
root    -     - -
`;

test("rows of the container's processes, threads with theirs", () => {
  expect(parsePs(output, new Set([12]))).toEqual({
    Titles: ["UID", "PID", "PPID", "CMD"],
    Processes: [
      ["root", "12", "1", "sh -c sleep 1"],
      ["root", "-", "-", "-"],
    ],
  });
});

test("output without PIDs is of no use", () => {
  expect(() => parsePs("USER CMD\n", new Set())).toThrow("Couldn't find PID field in ps output");
});
