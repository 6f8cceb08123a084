/** What Docker's own client was seen to ask of an engine and to print (test/cli/record-service.ts), and ours. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { runCli } from "../../testing.ts";
import { recordedCall, serviceFiles } from "./testdata/calls.ts";
import recorded from "./testdata/docker.json";
import { serviceEngine } from "./testdata/engine.ts";

const before = process.cwd();
const home = mkdtempSync("/tmp/berth-service-");
beforeAll(() => {
  for (const [name, content] of Object.entries(serviceFiles)) writeFileSync(`${home}/${name}`, content);
  process.chdir(home);
});
afterAll(() => {
  process.chdir(before);
  rmSync(home, { recursive: true });
});

/** What Docker ignores without a word, or fails at, and we do (docs/compatibility.md). */
const better = [
  "update -d --max-concurrent 1 job",
  "update -d --max-concurrent 1 full",
  "update -d --replicas-max-per-node 4 bare",
  "update -d --health-retries 0 --health-timeout 1s --health-start-period 2s --health-start-interval 3s full",
];

const known = (text: string) => text.replaceAll(home, "HOME").replace(/\bberth\b/g, "docker");

for (const { line, code, stdout, stderr, calls } of recorded) {
  const words = line.join(" ");
  // Flags of a later release of Docker than the one that was recorded.
  if (stderr.startsWith("unknown flag: --memory-swap") || better.includes(words)) continue;
  test(words, async () => {
    await using engine = serviceEngine();
    const run = await runCli(["service", ...line], { engine, env: { FOO: "from the environment" } });
    expect({
      code: run.code,
      stdout: known(run.stdout),
      stderr: known(run.stderr),
      calls: JSON.parse(known(JSON.stringify(engine.calls.map(recordedCall)))),
    }).toEqual({ code, stdout, stderr, calls });
  });
}
