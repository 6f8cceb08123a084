/** Output beside docker's own: testdata/docker.json holds what docker 28.2.2 printed (test/cli/record-output.ts). */
import { afterAll, beforeAll, expect, test } from "bun:test";
import recorded from "./testdata/docker.json";
import { sameEngine } from "./testdata/engine.ts";
import { runCli, type StubEngine } from "./testing.ts";

let engine: StubEngine;
const zone = process.env["TZ"];
beforeAll(() => {
  process.env["TZ"] = "UTC";
  engine = sameEngine();
});
afterAll(async () => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
  await engine[Symbol.asyncDispose]();
});

/**
 * Without what differs from run to run (moments, the socket), without the colours that docker writes to pipes too, and
 * the program's name.
 */
function comparable(text: string): string {
  return Bun.stripANSI(text)
    .replaceAll(engine.host, "HOST")
    .replace(/\bberth\b/g, "docker")
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z|[+ ][-+:\w ]*UTC)/g, "MOMENT");
}

for (const { line, code, stdout, stderr } of recorded) {
  test(line.join(" "), async () => {
    const run = await runCli(line, { engine });
    expect({ code: run.code, stdout: comparable(run.stdout), stderr: comparable(run.stderr) }).toEqual({
      code,
      stdout: comparable(stdout),
      stderr: comparable(stderr),
    });
  });
}
