/**
 * A process that does not read all of its input: the monitor breaks the connection off, and the output before that is
 * not lost.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { berthBinary, Daemon, dockerClients, sh } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
  await daemon.ok("run", "-d", "--name", "box", "busybox", "sleep", "1000");
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const input = new Uint8Array(8 << 20).fill(97);

test.each([dockerClients[0] ?? berthBinary, berthBinary])("%s", async (client) => {
  const env = { DOCKER_HOST: daemon.host };
  for (let round = 0; round < 12; round++) {
    const exec = await sh([client, "exec", "-i", "box", "sh", "-c", "head -c 5; echo; echo end"], { input, env });
    expect([exec.stdout, exec.exitCode]).toEqual(["aaaaa\nend\n", 0]);
    const run = await sh([client, "run", "--rm", "-i", "busybox", "head", "-c", "5"], { input, env });
    expect([run.stdout, run.exitCode]).toEqual(["aaaaa", 0]);
  }
});
