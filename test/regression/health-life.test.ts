/** A container's health over its life: it is told of what runs, and what was found stays. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { pauseContainer, unpauseContainer } from "../../src/container/life/pause.ts";
import { startContainer } from "../../src/container/life/start.ts";
import { stopContainer } from "../../src/container/life/stop.ts";
import { inspectContainer } from "../../src/container/view/inspect.ts";
import { topContainer } from "../../src/container/view/top.ts";
import { Rig } from "../container/rig.ts";
import { until } from "../harness.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig?.[Symbol.asyncDispose]());

const check = (command: string) => ({
  StopTimeout: 0,
  Healthcheck: { Test: ["CMD-SHELL", command], Interval: 1e8, Timeout: 2e8, Retries: 1 },
});
const health = async (id: string) => (await inspectContainer(rig.deps, id)).State?.Health;
const becomes = (id: string, status: string) => until(status, async () => (await health(id))?.Status === status);

test("unhealthy with the end, untold; the next run begins anew and keeps the log", async () => {
  const id = await rig.start(["sleep", "1000"], { ...check("echo found") });
  await becomes(id, "healthy");
  await stopContainer(rig.deps, id);
  const ended = await health(id);
  expect(ended).toMatchObject({ Status: "unhealthy", FailingStreak: 0 });
  const first = ended?.Log?.[0];
  expect(first?.Output).toBe("found\n");
  expect(rig.actions(id).filter((action) => action.startsWith("health_status"))).toEqual(["health_status: healthy"]);
  await startContainer(rig.deps, id);
  const again = await health(id);
  expect(again?.Log?.[0]).toEqual(first);
  await becomes(id, "healthy");
});

test("of a paused one nobody can tell", async () => {
  const id = await rig.start(["sleep", "1000"], { ...check("true") });
  await becomes(id, "healthy");
  await pauseContainer(rig.deps, id);
  expect((await health(id))?.Status).toBe("unhealthy");
  await unpauseContainer(rig.deps, id);
  await becomes(id, "healthy");
});

test("a check that takes too long ends with all that it started", async () => {
  const id = await rig.start(["sleep", "1000"], { ...check("(sleep 2000; true) & sleep 3000 | cat; true") });
  const commands = async () => (await topContainer(rig.deps, id, "-o pid,args")).Processes?.map((row) => row[1]) ?? [];
  await until("the check", async () => (await commands()).some((command) => command?.includes("2000")));
  const seen = (await health(id))?.Log?.length ?? 0;
  await until("two that took too long", async () => ((await health(id))?.Log?.length ?? 0) >= seen + 2);
  expect((await health(id))?.Log?.at(-1)).toMatchObject({
    ExitCode: -1,
    Output: "Health check exceeded timeout (200ms)",
  });
  await stopProbing(id);
  await until("only the container's own process", async () => (await commands()).join() === "sleep 1000");
});

/** Without a further check what earlier ones left would show. */
async function stopProbing(id: string): Promise<void> {
  const live = rig.deps.live.of(id);
  live.health?.abort();
  await until(
    "the last check's end",
    async () =>
      rig.actions(id).filter((action) => action.startsWith("exec_start")).length ===
      rig.actions(id).filter((action) => action === "exec_die").length,
  );
}
