/** `kill -9` of the daemon at any moment: nothing is lost, nothing leaks, nothing is left in between. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh, until } from "../harness.ts";
import { type Machine, ownMachine } from "../network/machine.ts";

/** Of its own: what links there are is then the engine's doing alone. */
let machine: Machine;
let daemon: Daemon;
beforeAll(async () => {
  machine = await ownMachine();
  daemon = await Daemon.start({ netns: machine.path });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await machine?.[Symbol.asyncDispose]();
});

const links = async (): Promise<string[]> =>
  (await machine.run("ip", "-o", "link"))
    .trim()
    .split("\n")
    .map((line) => (line.split(": ")[1] ?? "").replace(/@.*/, ""))
    .sort();

interface Summary {
  Id: string;
  State: string;
  Names: string[];
}
const list = async (): Promise<Summary[]> => (await daemon.api("GET", "/containers/json?all=1")).json;

test("containers run on; output and exits meanwhile are known afterwards", async () => {
  await daemon.ok(
    "run",
    "-d",
    "--name",
    "talks",
    "busybox",
    "sh",
    "-c",
    "i=0; while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); sleep 0.05; done",
  );
  await daemon.ok(
    "run",
    "-d",
    "--name",
    "ends",
    "busybox",
    "sh",
    "-c",
    "until [ -e /go ]; do sleep 0.05; done; echo last words; exit 7",
  );
  const pid = await daemon.ok("inspect", "-f", "{{.State.Pid}}", "talks");
  const endsPid = await daemon.ok("inspect", "-f", "{{.State.Pid}}", "ends");
  const talked = async () => (await daemon.ok("logs", "talks")).split("\n");
  await until("some lines", async () => (await talked()).length > 5);
  await daemon.kill();
  writeFileSync(`/proc/${endsPid}/root/go`, "");
  await until("the end of the other", () =>
    Bun.file(`/proc/${endsPid}/stat`)
      .text()
      .then(
        (stat) => / Z /.test(stat),
        () => true,
      ),
  );
  const over = Date.now();
  await daemon.up();
  expect(await daemon.ok("inspect", "-f", "{{.State.Pid}} {{.State.Running}}", "talks")).toBe(`${pid} true`);
  expect(await daemon.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "ends")).toBe("exited 7");
  expect(await daemon.ok("logs", "ends")).toBe("last words");
  // Its own time, not that of the daemon that found it.
  expect(Date.parse(await daemon.ok("inspect", "-f", "{{.State.FinishedAt}}", "ends"))).toBeLessThanOrEqual(over);
  // Every line is there, in order, from before, during and after the daemon's death.
  const found = (await talked()).length;
  await until("more lines", async () => (await talked()).length > found);
  const lines = await talked();
  expect(lines).toEqual(lines.map((_, index) => `line ${index}`));
  expect(await daemon.ok("exec", "talks", "echo", "again")).toBe("again");
  await daemon.ok("rm", "-f", "talks", "ends");
});

test("restart policies and auto-removal go on after a crash", async () => {
  await daemon.ok("run", "-d", "--name", "always", "--restart", "always", "busybox", "sh", "-c", "sleep 0.5");
  await daemon.ok("run", "-d", "--rm", "--name", "gone", "busybox", "sleep", "0.5");
  await daemon.kill();
  await Bun.sleep(900);
  await daemon.up();
  await until("a restart", async () => Number(await daemon.ok("inspect", "-f", "{{.RestartCount}}", "always")) > 0);
  await until("the removal", async () => !(await list()).some((each) => each.Names.includes("/gone")));
  await daemon.ok("rm", "-f", "always");
});

const rounds = Number(process.env.BERTH_FAULT_ROUNDS ?? 12);
const firstSeed = Number(process.env.BERTH_FAULT_SEED ?? 42);

/** Numbers from 0 to 1, the same for the same seed. */
function randomNumbers(): () => number {
  let seed = firstSeed;
  return () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
}

test("random kills amid create, start, stop, commit, load and rm leave a consistent engine", async () => {
  const archive = new Uint8Array(
    await (await fetch("http://d/images/busybox/get", { unix: daemon.socket })).arrayBuffer(),
  );
  const random = randomNumbers();
  const linksBefore = await links();
  for (let round = 0; round < rounds; round++) {
    const name = `fault${round}`;
    const where = `seed ${firstSeed} round ${round}`;
    const work = (async () => {
      const create = await daemon.api("POST", `/containers/create?name=${name}`, {
        Image: "busybox",
        Cmd: ["sleep", "1000"],
        HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }] } },
        Volumes: { "/data": {} },
      });
      const id = create.json.Id;
      await daemon.api("POST", `/containers/${id}/start`);
      await daemon.api("POST", `/commit?container=${id}&repo=fault&tag=${round}`);
      await fetch("http://d/images/load", { unix: daemon.socket, method: "POST", body: archive });
      await daemon.api("POST", `/containers/${id}/stop?t=0`);
      await daemon.api("DELETE", `/containers/${id}?v=1`);
    })().catch(() => {
      /* the daemon went away, as it should */
    });
    await Bun.sleep(random() * 500);
    await daemon.kill();
    await work;
    await daemon.up();
    // Whatever is listed can be inspected, and be started or is running; then it can be removed.
    for (const container of await list()) {
      const { json, status } = await daemon.api("GET", `/containers/${container.Id}/json`);
      expect({ where, status }).toEqual({ where, status: 200 });
      if (json.State.Running)
        expect(`${where}: ${await daemon.ok("exec", container.Id, "echo", "ok")}`).toBe(`${where}: ok`);
      else {
        const started = await daemon.api("POST", `/containers/${container.Id}/start`);
        expect({ where, ok: [204, 304].includes(started.status), text: started.text }).toEqual({
          where,
          ok: true,
          text: "",
        });
      }
      const removed = await daemon.api("DELETE", `/containers/${container.Id}?force=1&v=1`);
      expect({ where, status: removed.status, text: removed.text }).toEqual({ where, status: 204, text: "" });
    }
    // The image is whole: a container of it runs.
    expect(await daemon.ok("run", "--rm", "busybox", "echo", "fine")).toBe("fine");
    // The kernel takes links away with their namespace, which it does in its own time.
    const strays = async () =>
      (await daemon.strays()).concat((await links()).filter((name) => !linksBefore.includes(name)));
    const left = await until("a clean machine", async () => (await strays()).length === 0).then(() => [], strays);
    expect({ where, left }).toEqual({ where, left: [] });
  }
  expect((await daemon.api("GET", "/volumes")).json.Volumes ?? []).toEqual([]);
}, 300_000);

test("random kills amid networks, volumes, execs and builds leave a consistent engine", async () => {
  const random = randomNumbers();
  const context = mkdtempSync("/tmp/berth-kill-");
  writeFileSync(
    `${context}/Dockerfile`,
    "FROM busybox\nCOPY Dockerfile /d\nRUN echo 1 > /one\nRUN --mount=type=cache,target=/c echo 2 > /c/two",
  );
  await sh(["tar", "-C", context, "-cf", `${context}/context.tar`, "Dockerfile"]);
  const archive = Bun.file(`${context}/context.tar`);
  const linksBefore = await links();
  for (let round = 0; round < rounds; round++) {
    const where = `seed ${firstSeed} round ${round}`;
    const post = (path: string, body?: unknown) => daemon.api("POST", path, body);
    const work = (async () => {
      await Promise.all([
        post("/networks/create", { Name: "one" }),
        post("/networks/create", { Name: "two", Internal: true }),
        post("/volumes/create", { Name: "vol" }),
      ]);
      const { Id } = (
        await post(`/containers/create?name=net${round}`, {
          Image: "busybox",
          Cmd: ["sleep", "1000"],
          HostConfig: { NetworkMode: "one", Binds: ["vol:/v"] },
        })
      ).json;
      await post(`/containers/${Id}/start`);
      const exec = (await post(`/containers/${Id}/exec`, { Cmd: ["sh", "-c", "echo kept > /v/f; sleep 0.1"] })).json.Id;
      await Promise.all([
        post(`/exec/${exec}/start`, { Detach: true }),
        post("/networks/two/connect", { Container: Id }),
      ]);
      await fetch(`http://d/build?t=made:${round}&nocache=1`, {
        unix: daemon.socket,
        method: "POST",
        body: archive,
      }).then((response) => response.text());
      await post("/networks/one/disconnect", { Container: Id, Force: true });
      await post(`/containers/${Id}/rename?name=renamed${round}`);
      await daemon.api("DELETE", `/containers/${Id}?force=1`);
      await post("/volumes/vol/rename?name=moved");
      await Promise.all(["one", "two"].map((name) => daemon.api("DELETE", `/networks/${name}`)));
    })().catch(() => {
      /* the daemon went away, as it should */
    });
    await Bun.sleep(random() * 700);
    await daemon.kill();
    await work;
    await daemon.up();
    // Every network and volume that is listed can be used.
    const networks: { Name: string; Id: string }[] = (await daemon.api("GET", "/networks")).json;
    for (const { Name } of networks.filter(({ Name }) => Name === "one" || Name === "two")) {
      expect(
        `${where} ${Name}: ` +
          `${await daemon.ok("run", "--rm", "--network", Name, "busybox", "cat", "/sys/class/net/eth0/operstate")}`,
      ).toBe(`${where} ${Name}: up`);
    }
    const volumes: { Name: string }[] = (await daemon.api("GET", "/volumes")).json.Volumes ?? [];
    for (const { Name } of volumes) {
      expect(["vol", "moved"]).toContain(Name);
      // What was written before is there under either name.
      const script = "cat /v/* 2>/dev/null; echo x > /v/g; rm /v/g";
      const found = await daemon.ok("run", "--rm", "-v", `${Name}:/v`, "busybox", "sh", "-c", script);
      expect(`${where} ${found}`).toMatch(/^seed \d+ round \d+ (kept)?$/);
    }
    for (const { Id } of await list())
      expect({ where, status: (await daemon.api("DELETE", `/containers/${Id}?force=1`)).status }).toEqual({
        where,
        status: 204,
      });
    for (const { Name } of volumes)
      expect({ where, status: (await daemon.api("DELETE", `/volumes/${Name}`)).status }).toEqual({
        where,
        status: 204,
      });
    await post("/networks/prune");
    const strays = async () =>
      (await daemon.strays()).concat((await links()).filter((name) => !linksBefore.includes(name)));
    const left = await until("a clean machine", async () => (await strays()).length === 0).then(() => [], strays);
    expect({ where, left }).toEqual({ where, left: [] });
    const scratch = [join(daemon.execRoot, "builds"), join(daemon.dataRoot, "tmp")]
      .flatMap((path) => (existsSync(path) ? readdirSync(path) : []))
      .filter((name) => name !== "images");
    expect({ where, scratch }).toEqual({ where, scratch: [] });
  }
  rmSync(context, { recursive: true });
}, 300_000);
