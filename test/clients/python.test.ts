/** docker-py and Testcontainers for Python drive the engine. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { Daemon, sh } from "../harness.ts";
import { python } from "./packages.ts";

let daemon: Daemon;
let interpreter: string;
beforeAll(async () => {
  [daemon, interpreter] = await Promise.all([Daemon.start(), python()]);
}, 900_000);
afterAll(() => daemon?.[Symbol.asyncDispose]());

test.each(["docker_py", "testcontainers_story"])("%s", async (story) => {
  // Its reaper is an image of Docker Hub.
  const env = { DOCKER_HOST: daemon.host, TESTCONTAINERS_RYUK_DISABLED: "true" };
  const { exitCode, stdout, stderr } = await sh([interpreter, join(import.meta.dir, `python/${story}.py`)], { env });
  expect(stderr.split("\n").filter((line) => /Error|Traceback|assert/.test(line))).toEqual([]);
  expect([exitCode, stdout.trim().split("\n").at(-1)]).toEqual([0, expect.stringMatching(/: done$/)]);
});
