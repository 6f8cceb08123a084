import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createExec, inspectExec, startExec } from "../../src/container/exec/exec.ts";
import { pauseContainer, unpauseContainer } from "../../src/container/life/pause.ts";
import { removeContainer } from "../../src/container/life/remove.ts";
import { stopContainer } from "../../src/container/life/stop.ts";
import { containerLogs } from "../../src/container/logs/logs.ts";
import { attachContainer } from "../../src/container/streams/attach.ts";
import { containerById, insertContainer, updateState } from "../../src/container/table.ts";
import { inspectContainer } from "../../src/container/view/inspect.ts";
import { listContainers } from "../../src/container/view/list.ts";
import { newId } from "../../src/lib/ids.ts";
import { processRuns } from "../../src/linux/proc.ts";
import { createVolume } from "../../src/volume/create.ts";
import { listVolumes } from "../../src/volume/list.ts";
import { removeVolume } from "../../src/volume/remove.ts";
import { until } from "../harness.ts";
import { collect, Rig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => void (rig = await Rig.start()));
afterAll(() => rig[Symbol.asyncDispose]());

const inspect = (id: string) => inspectContainer(rig.deps, id);
const status = async (id: string) => (await inspect(id)).State?.Status;

describe("a daemon that comes back", () => {
  test("finds containers running, with their output, health and input", async () => {
    const id = await rig.start(["sh", "-c", "echo before; read line; echo got $line; sleep 1000"], {
      OpenStdin: true,
      StopTimeout: 0,
      Healthcheck: { Test: ["CMD", "true"], Interval: 1e8 },
    });
    const paused = await rig.start(["sleep", "1000"], { StopTimeout: 0 });
    await pauseContainer(rig.deps, paused);
    const pid = (await inspect(id)).State?.Pid;
    await rig.crashAndRestart();

    expect((await inspect(id)).State).toMatchObject({ Status: "running", Pid: pid ?? 0 });
    expect(await status(paused)).toBe("paused");
    await unpauseContainer(rig.deps, paused);
    const client = await attachContainer(rig.deps, id, { stdin: true, stdout: true, stream: true });
    await client.write(new TextEncoder().encode("it\n"));
    await until(
      "the answer",
      async () => (await collect(await containerLogs(rig.deps, id, { stdout: true }))).stdout === "before\ngot it\n",
    );
    client.close();
    await until("health", async () => (await inspect(id)).State?.Health?.Status === "healthy");
    const { Id } = await createExec(rig.deps, id, { Cmd: ["sh", "-c", "exit 6"] });
    await startExec(rig.deps, Id);
    await until("the exec's end", async () => (await inspectExec(rig.deps, Id)).ExitCode === 6);
    await stopContainer(rig.deps, id);
    expect((await inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 137 });
    for (const ref of [id, paused]) await removeContainer(rig.deps, ref, { force: true });
  });

  test("notes ends that it did not see, with code and time", async () => {
    const id = await rig.start(["sh", "-c", "sleep 0.3; exit 9"]);
    const removed = await rig.start(["sleep", "0.3"], {}, { AutoRemove: true });
    let gone = 0;
    await rig.crashAndRestart(async () => {
      await Bun.sleep(700);
      gone = Date.now();
      await Bun.sleep(100);
    });
    const { State } = await inspect(id);
    expect(State).toMatchObject({ Status: "exited", ExitCode: 9 });
    expect(Date.parse(State?.FinishedAt ?? "")).toBeLessThanOrEqual(gone);
    await expect(inspect(removed)).rejects.toThrow("No such container");
    await until("the events", () => rig.actions(id).at(-1) === "die");
    await removeContainer(rig.deps, id);
  });

  test("knows the code of an end that it was about to settle", async () => {
    const id = await rig.start(["sh", "-c", "sleep 0.3; exit 9"]);
    // The daemon gives back what the run took, and gets no further than the network.
    await rig.networks.live.sandboxLocks.acquire(id);
    const files = [join(rig.deps.execRoot, "exits", id), join(rig.deps.execRoot, "containers", id, "task.json")];
    await until("the runtime to forget", () => !files.some((path) => existsSync(path)));
    expect(await status(id)).toBe("running");
    await rig.crashAndRestart();
    expect((await inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 9 });
    await removeContainer(rig.deps, id);
  });

  test("goes on with restart policies", async () => {
    const always = await rig.start(["sleep", "0.3"], { StopTimeout: 0 }, { RestartPolicy: { Name: "always" } });
    const stopped = await rig.start(
      ["sleep", "1000"],
      { StopTimeout: 0 },
      { RestartPolicy: { Name: "unless-stopped" } },
    );
    const alwaysStopped = await rig.start(["sleep", "1000"], { StopTimeout: 0 }, { RestartPolicy: { Name: "always" } });
    const never = await rig.start(["true"]);
    await rig.exit(never);
    for (const id of [stopped, alwaysStopped]) await stopContainer(rig.deps, id);
    await rig.crashAndRestart(() => Bun.sleep(600));
    await until("the restart", async () => (await status(always)) === "running");
    await until("the start at boot", async () => (await status(alwaysStopped)) === "running");
    expect(await status(stopped)).toBe("exited");
    expect(await status(never)).toBe("exited");
    for (const id of [always, stopped, alwaysStopped, never]) await removeContainer(rig.deps, id, { force: true });
  });

  test("starts what others need before them", async () => {
    const policy = { RestartPolicy: { Name: "always" } };
    // Ends when it is told to, and only the first time.
    const once = ["sh", "-c", "[ -e /ran ] && exec sleep 1000; touch /ran; until [ -e /go ]; do sleep 0.05; done"];
    const base = await rig.start(once, { StopTimeout: 0 }, policy, "base");
    const guest = await rig.start(
      once,
      { StopTimeout: 0 },
      { ...policy, NetworkMode: "container:base", IpcMode: "private" },
      "guest",
    );
    const pids = await Promise.all([base, guest].map(async (id) => (await inspect(id)).State?.Pid ?? 0));
    await rig.crashAndRestart(async () => {
      for (const pid of pids) writeFileSync(`/proc/${pid}/root/go`, "");
      await until("both to end", () => pids.every((pid) => !processRuns(pid)));
    });
    await until("both", async () => (await listContainers(rig.deps, {})).length === 2);
    const starts = rig.events
      .filter((event) => event.Action === "start")
      .slice(-2)
      .map((event) => event.Actor.ID);
    expect(starts).toContain(guest);
    expect((await inspect(guest)).HostConfig?.NetworkMode).toBe(`container:${base}`);
    for (const id of [guest, base]) await removeContainer(rig.deps, id, { force: true });
  });

  test("finishes or undoes what was cut off", async () => {
    const removing = await rig.create(["true"], {}, { Binds: ["/anonymous"] });
    const starting = await rig.start(["sleep", "1000"]);
    const template = await rig.create(["true"], {}, { Binds: ["/x"] }, "template");
    const creating = newId();
    await rig.crashAndRestart(async () => {});
    const { store } = rig.deps;
    const row = (id: string) => {
      const c = containerById(store, id);
      if (!c) throw new Error("no row");
      return c;
    };
    updateState(store, removing, { ...row(removing).state, phase: "removing", removeVolumes: true });
    updateState(store, starting, { ...row(starting).state, phase: "starting" });
    // One that had some of its volumes: one made for it, and one that it was given.
    const [spare] = row(template).spec.mounts;
    if (!spare) throw new Error("no mount");
    const given = await createVolume(rig.volumes, {});
    const mounts = [
      { ...spare, name: newId() },
      { ...spare, destination: "/given", name: given.Name, anonymous: false },
      { ...spare, destination: "/never", name: newId() },
    ];
    insertContainer(
      store,
      {
        ...row(template),
        id: creating,
        name: "half-made",
        spec: { ...row(template).spec, mounts },
        state: { ...row(template).state, phase: "creating" },
      },
      [],
    );
    for (const { name, destination } of mounts.slice(0, 2))
      await createVolume(
        rig.volumes,
        { Name: name },
        { usedBy: { containerId: creating, destination }, anonymous: true },
      );
    await rig.crashAndRestart();

    await expect(inspect(removing)).rejects.toThrow("No such container");
    await expect(inspect(creating)).rejects.toThrow("No such container");
    expect((await inspect(starting)).State).toMatchObject({
      Status: "exited",
      Error: "the engine was interrupted during the start",
    });
    expect((await listVolumes(rig.volumes)).Volumes?.map(({ Name }) => Name).sort()).toEqual(
      [given.Name, spare.name ?? ""].sort(),
    );
    await removeVolume(rig.volumes, given.Name);
    await removeContainer(rig.deps, "template", { volumes: true });
    expect((await listVolumes(rig.volumes)).Volumes).toEqual([]);
    await rig.create(["true"], {}, {}, "half-made");
    for (const c of await listContainers(rig.deps, { all: true }))
      await removeContainer(rig.deps, c.Id ?? "", { force: true });
  });
});
