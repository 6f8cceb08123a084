/**
 * Records what the docker CLI asks of an engine for each command line of
 * src/cli/commands/service/testdata/cases.ts, and how it ends:
 *
 *     bin/bun test/cli/record-service.ts [DOCKER]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { recordedCall, serviceFiles } from "../../src/cli/commands/service/testdata/calls.ts";
import { createCases, updateCases } from "../../src/cli/commands/service/testdata/cases.ts";
import { serviceEngine } from "../../src/cli/commands/service/testdata/engine.ts";
import { splitCase } from "./create-cases.ts";

const docker = process.argv[2] ?? "/usr/local/bin/docker";
const home = mkdtempSync("/tmp/berth-record-");
for (const [name, content] of Object.entries(serviceFiles)) await Bun.write(`${home}/${name}`, content);
const lines = [
  ...createCases.map((line) => ["create", "-d", ...splitCase(line)]),
  ...updateCases.map((line) => ["update", "-d", ...splitCase(line)]),
  ["scale", "-d", "full=5", "job=9"],
  ["scale", "-d", "bare=5", "full=x", "full", "nope=1"],
  ["rollback", "-d", "full"],
  ["rollback", "-d", "nope"],
  ["rm", "full", "nope"],
];
const records: string[] = [];
for (const line of lines) {
  await using engine = serviceEngine();
  const child = Bun.spawn([docker, "service", ...line], {
    cwd: home,
    env: { HOME: home, DOCKER_HOST: engine.host, FOO: "from the environment", PATH: "/usr/bin:/bin" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const own = (text: string) => text.replaceAll(home, "HOME");
  records.push(
    JSON.stringify({
      line,
      code,
      stdout,
      stderr: own(stderr),
      calls: JSON.parse(own(JSON.stringify(engine.calls.map(recordedCall)))),
    }),
  );
}
rmSync(home, { recursive: true });
await Bun.write("src/cli/commands/service/testdata/docker.json", `[\n${records.join(",\n")}\n]\n`);
console.log(`${records.length} cases`);
