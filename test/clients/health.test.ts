/**
 * Services of a workflow are waited for as runners of workflows do it: make the container with a health check, start
 * it, look again and again until it is healthy, or is not to be any more.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import Docker from "dockerode";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
let docker: Docker;
beforeAll(async () => {
  daemon = await Daemon.start();
  docker = new Docker({ socketPath: daemon.socket });
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const interval = 200_000_000;

/** The words that a container's health goes through until one of them is the last. */
async function healthOf(container: Docker.Container): Promise<string[]> {
  const seen: string[] = [];
  for (const end = Date.now() + 20_000; Date.now() < end; await Bun.sleep(50)) {
    const { State } = await container.inspect();
    // A runner takes a container without a check as ready.
    const status = State.Health?.Status ?? "none";
    if (seen.at(-1) !== status) seen.push(status);
    if (status !== "starting") return seen;
  }
  return [...seen, "and so on"];
}

async function start(command: string[], check: string): Promise<Docker.Container> {
  const container = await docker.createContainer({
    Image: "busybox",
    Cmd: command,
    StopSignal: "SIGKILL",
    Healthcheck: { Test: ["CMD-SHELL", check], Interval: interval, Retries: 2 },
  });
  await container.start();
  return container;
}

test.each<[string, string[], string, string]>([
  ["becomes ready", ["sh", "-c", "sleep 0.3; touch /ready; exec sleep 1000"], "test -e /ready", "healthy"],
  ["never becomes ready", ["sleep", "1000"], "false", "unhealthy"],
  ["ends before it is asked twice", ["sleep", "0.3"], "false", "unhealthy"],
])("a service that %s", async (_name, command, check, last) => {
  const container = await start(command, check);
  expect((await healthOf(container)).at(-1)).toBe(last);
  await container.remove({ force: true });
});

test("a service without a check is ready at once", async () => {
  const container = await docker.createContainer({ Image: "busybox", Cmd: ["sleep", "1000"] });
  await container.start();
  expect(await healthOf(container)).toEqual(["none"]);
  await container.remove({ force: true });
});
