/**
 * Records what the docker CLI prints for each command line of src/cli/testdata/lines.ts:
 *
 *     bin/bun test/cli/record-output.ts [DOCKER]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { sameEngine } from "../../src/cli/testdata/engine.ts";
import { commandLines } from "../../src/cli/testdata/lines.ts";

const docker = process.argv[2] ?? "/usr/local/bin/docker";
const home = mkdtempSync("/tmp/berth-record-");
await using engine = sameEngine();
const records: unknown[] = [];
for (const line of commandLines) {
  const child = Bun.spawn([docker, ...line], {
    env: { HOME: home, PATH: process.env["PATH"] ?? "", DOCKER_HOST: engine.host, TZ: "UTC" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const own = (text: string) => text.replaceAll(engine.host, "HOST").replaceAll(home, "/nonexistent");
  records.push({ line, code, stdout: own(stdout), stderr: own(stderr) });
}
rmSync(home, { recursive: true });
await Bun.write(
  "src/cli/testdata/docker.json",
  `[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]\n`,
);
