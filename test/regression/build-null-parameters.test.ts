/** Docker 20.10 sends `null` for lists and maps that are empty: every build of it was refused. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, dockerClients, sh } from "../harness.ts";

test("every docker command line on this machine builds", async () => {
  const root = mkdtempSync("/tmp/berth-null-");
  try {
    await using daemon = await Daemon.start();
    writeFileSync(join(root, "Dockerfile"), "FROM busybox\nRUN true\n");
    for (const docker of dockerClients) {
      const built = await sh([docker, "build", "-t", "built", root], {
        env: { DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: "0" },
      });
      expect([built.exitCode, built.exitCode === 0 ? "" : built.stderr]).toEqual([0, ""]);
    }
    const empty = await daemon.api("POST", "/build?remote=none&ulimits=null&buildargs=null&labels=null&cachefrom=null");
    expect(empty.text).toContain("neither a git repository nor a URL");
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
