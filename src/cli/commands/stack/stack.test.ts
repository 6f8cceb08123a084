/** What Docker's own client was seen to ask of an engine and to print (test/cli/record-stack.ts), and ours. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { runCli } from "../../testing.ts";
import { recordedCall } from "../service/testdata/calls.ts";
import recorded from "./testdata/docker.json";
import { stackEngine } from "./testdata/engine.ts";

const before = process.cwd();
const here = new URL("testdata", import.meta.url).pathname;
beforeAll(() => process.chdir(here));
afterAll(() => process.chdir(before));

const known = (text: string) => text.replaceAll(here, "HERE").replace(/\bberth\b/g, "docker");

/** Docker's client goes through maps: the order of what it does to things of one kind is another each time. */
const sorted = (values: readonly unknown[]) => values.map((one) => JSON.stringify(one)).sort();

for (const { line, code, stdout, stderr, calls } of recorded) {
  test(line.join(" "), async () => {
    await using engine = stackEngine();
    const run = await runCli(["stack", ...line], { engine, env: { TAG: "9" } });
    const made = JSON.parse(known(JSON.stringify(engine.calls.map(recordedCall))));
    const told = (text: string) => (line[0] === "deploy" ? sorted(text.split("\n")) : text);
    expect({ code: run.code, stdout: told(known(run.stdout)), stderr: known(run.stderr) }).toEqual({
      code,
      stdout: told(stdout),
      stderr,
    });
    expect(sorted(made)).toEqual(sorted(calls));
  });
}
