/** A program that an exec cannot run is told in the stream, as dockerd does, and the client's exit code says why. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
  await daemon.ok("run", "-d", "--name", "box", "busybox", "sleep", "1000");
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

test.each([
  [["no-such-program"], 127, "executable file not found"],
  [["/etc"], 126, ""],
] as [string[], number, string][])("exec %p ends with %p", async (command, exitCode, text) => {
  for (const run of [() => daemon.docker("exec", "box", ...command), () => daemon.berth("exec", "box", ...command)]) {
    const result = await run();
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout + result.stderr).toContain(text);
  }
});
