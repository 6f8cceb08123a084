/** Between the verdict of a health check and what it orders. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { HealthAction } from "../../src/api/types/container.ts";
import { killContainer } from "../../src/container/life/kill.ts";
import { stopContainer } from "../../src/container/life/stop.ts";
import { containerById } from "../../src/container/table.ts";
import { inspectContainer } from "../../src/container/view/inspect.ts";
import { until } from "../harness.ts";
import { Rig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig?.[Symbol.asyncDispose]());

/** Sick from its first check on. */
const sick = (HealthOnFailure: HealthAction, cmd = ["sleep", "1000"], StopTimeout = 0) =>
  rig.start(
    cmd,
    { StopTimeout, Healthcheck: { Test: ["CMD", "false"], Interval: 1e8, Retries: 1 } },
    { HealthOnFailure, RestartPolicy: { Name: "always" } },
  );
const inspect = async (id: string) => await inspectContainer(rig.deps, id);
const status = async (id: string) => (await inspect(id)).State?.Status;
const ordered = (id: string) => containerById(rig.deps.store, id)?.state.ordered ?? null;
const attributes = (id: string, action: string) =>
  rig.events.filter((event) => event.Actor.ID === id && event.Action === action).map((event) => event.Actor.Attributes);

for (const action of ["restart", "stop", "kill"] as const) {
  test(`a daemon that dies after the verdict leaves it to the next: ${action}`, async () => {
    const kill = rig.deps.runtime.kill;
    // The daemon gets no further than here.
    rig.deps.runtime.kill = () => new Promise(() => {});
    const id = await sick(action);
    await until("the verdict", () => ordered(id) === action);
    expect(await status(id)).toBe("running");
    await rig.crashAndRestart();
    expect(rig.deps.runtime.kill).not.toBe(kill);
    if (action === "restart") {
      await until("another run", async () => ((await inspect(id)).RestartCount ?? 0) > 0);
    } else {
      await until("the end", async () => (await status(id)) === "exited");
      expect(ordered(id)).toBeNull();
    }
    await until("the event", () => attributes(id, "die").length > 0);
    expect(attributes(id, "die")[0]).toMatchObject({ healthOnFailure: action });
    await killContainer(rig.deps, id).catch(() => {});
  });

  test(`one that ended while no daemon was there: ${action}`, async () => {
    rig.deps.runtime.kill = () => new Promise(() => {});
    const id = await sick(action, ["sh", "-c", "until test -e /tmp/end; do sleep 0.05; done"]);
    await until("the verdict", () => ordered(id) === action);
    const { pid } = containerById(rig.deps.store, id)?.state ?? {};
    await rig.crashAndRestart(async () => {
      process.kill(pid ?? 0, "SIGKILL");
      await until("its end", () => !isAlive(pid ?? 0));
    });
    if (action === "restart") await until("another run", async () => (await status(id)) === "running");
    else expect(await status(id)).toBe("exited");
    await killContainer(rig.deps, id).catch(() => {});
  });
}

test("who stops it meanwhile takes a restart back", async () => {
  const id = await sick("restart", ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"], 60);
  await until("the stop signal", () => rig.actions(id).includes("kill"));
  await stopContainer(rig.deps, id, { timeout: 0 });
  expect(await status(id)).toBe("exited");
  expect(ordered(id)).toBeNull();
  await until("the event", () => attributes(id, "die").length > 0);
  expect(attributes(id, "die")[0]?.["healthOnFailure"]).toBeUndefined();
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
