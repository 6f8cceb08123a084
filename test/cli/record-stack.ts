/**
 * Records what the docker CLI asks of an engine for each command line of src/cli/commands/stack/testdata/lines.ts,
 * what it prints, and how it ends:
 *
 *     bin/bun test/cli/record-stack.ts [DOCKER]
 */
import { recordedCall } from "../../src/cli/commands/service/testdata/calls.ts";
import { stackEngine } from "../../src/cli/commands/stack/testdata/engine.ts";
import { stackLines } from "../../src/cli/commands/stack/testdata/lines.ts";

const docker = process.argv[2] ?? "/usr/local/bin/docker";
const here = new URL("../../src/cli/commands/stack/testdata", import.meta.url).pathname;
const records: string[] = [];
for (const line of stackLines) {
  await using engine = stackEngine();
  const child = Bun.spawn([docker, "stack", ...line], {
    cwd: here,
    env: { HOME: "/nonexistent", DOCKER_HOST: engine.host, PATH: "/usr/bin:/bin", TAG: "9" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const record = { line, code, stdout, stderr, calls: engine.calls.map(recordedCall) };
  records.push(JSON.stringify(record).replaceAll(here, "HERE"));
}
await Bun.write(`${here}/docker.json`, `[\n${records.join(",\n")}\n]\n`);
console.log(`${records.length} cases`);
