import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Daemon, until } from "../harness.ts";
import { type Machine, ownMachine } from "../network/machine.ts";

setDefaultTimeout(60_000);

/** Ports that a container publishes from now on, or no more, while it runs. */
let machine: Machine;
let daemon: Daemon;
const serve = "for p in 80 81; do mkdir /w$p; echo at $p >/w$p/index.html; httpd -p $p -h /w$p; done; exec sleep 600";

beforeAll(async () => {
  machine = await ownMachine();
  daemon = await Daemon.start({ netns: machine.path });
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await machine[Symbol.asyncDispose]();
});

const start = (name: string, ...options: string[]) =>
  daemon.ok("run", "-d", "--name", name, ...options, "busybox", "sh", "-c", serve);
const get = async (port: number, host = machine.ip) => (await machine.fetch(`http://${host}:${port}/`, 1)).trim();
const update = async (...args: string[]) => {
  const result = await daemon.berth("update", ...args);
  if (result.exitCode !== 0) throw new Error(result.stderr);
};
const ports = async (name: string) => (await daemon.ok("port", name)).split("\n").filter((line) => line !== "");
const bindings = async (name: string) =>
  JSON.parse(await daemon.ok("inspect", "-f", "{{json .HostConfig.PortBindings}}", name));
const remove = (...names: string[]) => daemon.ok("rm", "-f", ...names);
const serving = (port: number, page: string) =>
  until(`${page} on ${port}`, async () => (await get(port)) === page, 10_000);

test("a running container publishes a port, and stops to; others stay as they are", async () => {
  await start("adds", "-p", "18301:80");
  await serving(18301, "at 80");
  const stream = await machine.run(
    "sh",
    "-c",
    `curl -s -m 20 --limit-rate 1 http://${machine.ip}:18301/ >/dev/null & echo $!`,
  );
  const began = Date.now();
  await update("adds", "--publish-add", "18302:81", "--publish-add", "127.0.0.1:18303:81");
  expect([await get(18301), await get(18302), await get(18302, `[${machine.ip6}]`), await get(18303)]).toEqual([
    "at 80",
    "at 81",
    "at 81",
    "",
  ]);
  expect((await machine.run("curl", "-s", "http://127.0.0.1:18303/")).trim()).toBe("at 81");
  expect(await ports("adds")).toEqual([
    "80/tcp -> 0.0.0.0:18301",
    "80/tcp -> [::]:18301",
    "81/tcp -> 0.0.0.0:18302",
    "81/tcp -> 127.0.0.1:18303",
    "81/tcp -> [::]:18302",
  ]);
  expect(await daemon.ok("ps", "--format", "{{.Ports}}", "-f", "name=^adds$")).toContain("0.0.0.0:18302->81/tcp");
  expect(await bindings("adds")).toEqual({
    "80/tcp": [{ HostIp: "", HostPort: "18301" }],
    "81/tcp": [
      { HostIp: "", HostPort: "18302" },
      { HostIp: "127.0.0.1", HostPort: "18303" },
    ],
  });

  await update("adds", "--publish-rm", "18302:81");
  expect([await get(18301), await get(18302)]).toEqual(["at 80", ""]);
  expect(await ports("adds")).toEqual(["80/tcp -> 0.0.0.0:18301", "80/tcp -> [::]:18301", "81/tcp -> 127.0.0.1:18303"]);
  // The machine's port is free for anybody.
  await machine
    .run("timeout", "5", "socat", "-u", "OPEN:/dev/null", "TCP-LISTEN:18302,reuseaddr,accept-timeout=0.01")
    .catch((error: Error) => expect(error.message).not.toContain("in use"));
  await update("adds", "--publish-rm", "81", "--publish-rm", "80/tcp");
  expect(await ports("adds")).toEqual([]);
  expect(await get(18301)).toBe("");
  const events = await daemon.ok(
    "events",
    "--since",
    String(began / 1000),
    "--until",
    String(Date.now() / 1000),
    "--filter",
    "event=update",
    "--format",
    "{{.Actor.Attributes.name}}",
  );
  expect(events.split("\n")).toEqual(["adds", "adds", "adds"]);
  await machine.run("kill", stream.trim()).catch(() => {});
  await remove("adds");
});

test("a port of the machine goes from one port of the container to another in one step", async () => {
  await start("moves", "-p", "18310:80");
  await serving(18310, "at 80");
  await update("moves", "--publish-rm", "18310:80", "--publish-add", "18310:81");
  expect(await get(18310)).toBe("at 81");
  await update("moves", "--publish-add", "18311-18319:91-99");
  expect((await ports("moves")).length).toBe(20);
  expect(await machine.run("nft", "list", "map", "inet", `berth_${daemon.instance}`, "pub4")).toContain("tcp . 18319");
  await remove("moves");
});

test("what fails changes nothing, whichever part of it fails", async () => {
  await start("other", "-p", "18320:80");
  await start("fails", "-p", "18321:80", "--memory", "64m");
  await serving(18321, "at 80");
  const before = [
    await ports("fails"),
    await bindings("fails"),
    await machine.run("nft", "list", "table", "inet", `berth_${daemon.instance}`),
  ];
  const now = async () => [
    await ports("fails"),
    await bindings("fails"),
    await machine.run("nft", "list", "table", "inet", `berth_${daemon.instance}`),
  ];
  const refused = (words: string, ...args: string[]) => expect(update("fails", ...args)).rejects.toThrow(words);
  await refused(
    "port is already allocated",
    "--publish-rm",
    "18321:80",
    "--publish-add",
    "18322:81",
    "--publish-add",
    "18320:81",
    "--memory",
    "32m",
  );
  expect(await now()).toEqual(before);
  expect(await daemon.ok("inspect", "-f", "{{.HostConfig.Memory}}", "fails")).toBe(String(64 << 20));
  expect([await get(18321), await get(18322)]).toEqual(["at 80", ""]);
  // The kernel refuses CPUs that are not there after the ports have been changed.
  await refused("", "--publish-add", "18322:81", "--cpuset-mems", "63");
  expect(await now()).toEqual(before);
  await refused("port 82/tcp is not published", "--publish-rm", "82");
  await refused("port 80/tcp is not published at 18399", "--publish-rm", "18399:80");
  await refused("port 80/tcp is already published at 18321", "--publish-add", "18321:80");
  await refused("invalid containerPort", "--publish-add", "x");
  expect(await now()).toEqual(before);
  await machine.run("nft", "list", "ruleset");
  expect(await get(18321)).toBe("at 80");
  await remove("other", "fails");
});

test("it outlives the container's and the daemon's restarts, and the daemon's sudden end", async () => {
  await start("lasts", "-p", "18330:80");
  await update("lasts", "--publish-add", "18331:81");
  await serving(18331, "at 81");
  await daemon.restart();
  expect([await get(18330), await get(18331)]).toEqual(["at 80", "at 81"]);
  await update("lasts", "--publish-rm", "18330:80");
  await daemon.kill();
  expect([await get(18330), await get(18331)]).toEqual(["", "at 81"]);
  await daemon.up();
  expect([await get(18330), await get(18331)]).toEqual(["", "at 81"]);
  await daemon.ok("restart", "-t", "0", "lasts");
  await serving(18331, "at 81");
  expect(await get(18330)).toBe("");
  // Nobody else gets a port that was added, everybody gets one that was taken away.
  expect((await daemon.docker("run", "--rm", "-p", "18331:80", "busybox", "true")).stderr).toContain(
    "port is already allocated",
  );
  await daemon.ok("run", "--rm", "-p", "18330:80", "busybox", "true");
  await remove("lasts");
});

test("a container that rests publishes with its next start", async () => {
  await daemon.ok("create", "--name", "rests", "-p", "18340:80", "busybox", "sh", "-c", serve);
  await update("rests", "--publish-add", "18341:81", "--publish-rm", "80");
  expect(await bindings("rests")).toEqual({ "81/tcp": [{ HostIp: "", HostPort: "18341" }] });
  await daemon.ok("start", "rests");
  await serving(18341, "at 81");
  expect(await get(18340)).toBe("");
  await remove("rests");
});

test("ports of the engine's choice stay what they were, and go by what they were", async () => {
  await start("free", "-p", "80");
  const [chosen = ""] = await ports("free");
  const port = chosen.split(":").at(-1) ?? "";
  await update("free", "--publish-add", "81");
  expect((await ports("free"))[0]).toBe(chosen);
  await update("free", "--publish-rm", `${port}:80`);
  expect((await ports("free")).every((line) => line.startsWith("81/tcp"))).toBe(true);
  expect(Object.keys(await bindings("free"))).toEqual(["81/tcp"]);
  await remove("free");
});

test("where nothing can be published it is refused, or noted, as at create; old clients update as ever", async () => {
  await start("guest");
  await daemon.ok("run", "-d", "--name", "shared", "--network", "container:guest", "busybox", "sleep", "600");
  await expect(update("shared", "--publish-add", "18350:80")).rejects.toThrow(
    "conflicting options: port publishing and the container type network mode",
  );
  await daemon.ok("run", "-d", "--name", "host", "--network", "host", "busybox", "sleep", "600");
  await update("host", "--publish-add", "18351:80");
  expect(await ports("host")).toEqual([]);
  await daemon.ok("update", "--memory", "64m", "--memory-swap", "64m", "guest");
  expect(
    (await daemon.api("POST", "/v1.41/containers/guest/update", { PublishAdd: { "81": [{ HostPort: "18352" }] } }))
      .status,
  ).toBe(200);
  await serving(18352, "at 81");
  expect(
    (await daemon.api("POST", "/containers/guest/update", { PublishAdd: { "81/tcp": [{ HostPort: "99999" }] } })).json
      .message,
  ).toContain("invalid port specification");
  await remove("shared", "host", "guest");
});

test("a daemon killed at any moment leaves records and kernel in agreement", async () => {
  await start("killed", "-p", "18360:80");
  await serving(18360, "at 80");
  for (let round = 0; round < 6; round++) {
    const work = (async () => {
      for (let at = 0; at < 20; at++) {
        await daemon.api("POST", "/containers/killed/update", { PublishAdd: { "81/tcp": [{ HostPort: "18361" }] } });
        await daemon.api("POST", "/containers/killed/update", { PublishRemove: { "81/tcp": [] } });
      }
    })().catch(() => {});
    await Bun.sleep(20 + 37 * round);
    await daemon.kill();
    await work;
    await daemon.up();
    const added = (await ports("killed")).some((line) => line.includes("18361"));
    expect(Object.keys(await bindings("killed")).includes("81/tcp")).toBe(added);
    expect([await get(18360), await get(18361)]).toEqual(["at 80", added ? "at 81" : ""]);
  }
  await remove("killed");
});
