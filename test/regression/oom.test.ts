/** A container whose memory runs out is told of at once, whatever becomes of it, and remembered to its next start. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createExec, startExec } from "../../src/container/exec/exec.ts";
import { killContainer } from "../../src/container/life/kill.ts";
import { startContainer } from "../../src/container/life/start.ts";
import { waitContainer } from "../../src/container/life/wait.ts";
import { inspectContainer } from "../../src/container/view/inspect.ts";
import { detectCgroups } from "../../src/linux/cgroup.ts";
import { Rig } from "../container/rig.ts";
import { until } from "../harness.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig?.[Symbol.asyncDispose]());

const limit = { Memory: 20 << 20, MemorySwap: 20 << 20 };
const hungry = "dd if=/dev/zero of=/dev/null bs=200M count=1";
/**
 * Hungry by itself: where the killer is disabled, a system call that finds no memory fails (dd reads less), and nobody
 * is told.
 */
const hungryItself = `awk 'BEGIN { for (s = "x"; ; s = s s); }'`;
const state = async (id: string) => (await inspectContainer(rig.deps, id)).State;
const ooms = (id: string) => rig.actions(id).filter((action) => action === "oom").length;

test("a child is killed while the container lives", async () => {
  const id = await rig.start(
    ["sh", "-c", `while :; do ${hungry}; until test -e /tmp/again; do sleep 0.02; done; rm /tmp/again; done`],
    { StopTimeout: 0 },
    limit,
  );
  await until("the first", () => ooms(id) === 1);
  expect(await state(id)).toMatchObject({ Running: true, OOMKilled: true });
  await startExec(rig.deps, (await createExec(rig.deps, id, { Cmd: ["touch", "/tmp/again"] })).Id);
  await until("the second", () => ooms(id) === 2);
  await killContainer(rig.deps, id);
  expect(await state(id)).toMatchObject({ Running: false, OOMKilled: true, ExitCode: 137 });
  expect(ooms(id)).toBe(2);
  await startContainer(rig.deps, id);
  await until("the third", () => ooms(id) === 3);
  await killContainer(rig.deps, id);
});

test("the container itself is killed: told once, before its end", async () => {
  const id = await rig.start(["sh", "-c", `exec ${hungry}`], {}, limit);
  await (await waitContainer(rig.deps, id)).result;
  expect(await state(id)).toMatchObject({ Running: false, OOMKilled: true, ExitCode: 137 });
  expect(rig.actions(id).filter((action) => action === "oom" || action === "die")).toEqual(["oom", "die"]);
});

test("with the killer disabled it stands still, and is told of; cgroups of version 2 have no such switch", async () => {
  const id = await rig.start(
    ["sh", "-c", `exec ${hungryItself}`],
    { StopTimeout: 0 },
    { ...limit, OomKillDisable: true },
  );
  await until("the event", () => ooms(id) === 1);
  if (detectCgroups().version === 2) expect(await rig.exit(id)).toBe(137);
  else expect(await state(id)).toMatchObject({ Running: true, OOMKilled: true });
  await killContainer(rig.deps, id).catch(() => {});
  expect(await state(id)).toMatchObject({ Running: false, OOMKilled: true });
  expect(ooms(id)).toBe(1);
});

test("what happened while no daemon was there is told by the next", async () => {
  const id = await rig.start(
    ["sh", "-c", `until test -e /tmp/go; do sleep 0.02; done; ${hungry}; touch /tmp/done; sleep 1000`],
    { StopTimeout: 0 },
    limit,
  );
  const pid = (await state(id))?.Pid ?? 0;
  await rig.crashAndRestart(async () => {
    await Bun.write(`/proc/${pid}/root/tmp/go`, "");
    await until("it to have happened", () => Bun.file(`/proc/${pid}/root/tmp/done`).exists());
  });
  await until("the event", () => ooms(id) === 1);
  await rig.crashAndRestart();
  expect(await state(id)).toMatchObject({ Running: true, OOMKilled: true });
  expect(ooms(id)).toBe(1);
  await killContainer(rig.deps, id);
});
