/**
 * Clients compare the engine's version with releases of Docker, and read answers in the shapes that they were written
 * for.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { Daemon, sh, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const release = /^(\d+)\.\d+\.\d+$/;
const as = (agent: string, path: string) =>
  fetch(`http://d${path}`, { unix: daemon.socket, headers: { "user-agent": agent } });

test("the engine's version is a release of Docker that fits its API", async () => {
  const version = (await daemon.api("GET", "/version")).json;
  const info = (await daemon.api("GET", "/info")).json;
  const engine = version.Components.find((component: { Name: string }) => component.Name === "Engine");
  expect(version.ApiVersion).toBe("1.56");
  expect(Number(release.exec(version.Version)?.[1])).toBe(29);
  expect(engine.Version).toBe(version.Version);
  expect(info.ServerVersion).toBe(version.Version);
  const ping = await fetch("http://d/_ping", { unix: daemon.socket });
  // What old clients of Docker read the system with.
  expect(/^Docker\/.+\s\((.+)\)$/.exec(ping.headers.get("server") ?? "")?.[1]).toBe("linux");
  expect(ping.headers.get("server")).toStartWith(`Docker/${version.Version} `);
});

test("and still it is said who answers", async () => {
  const version = (await daemon.api("GET", "/version")).json;
  expect(version.Platform.Name).toBe(`Berth ${manifest.version}`);
  expect(version.Components).toContainEqual({ Name: "Berth", Version: manifest.version, Details: { GitCommit: "" } });
  expect(await daemon.ok("version")).toContain(`Server: Berth ${manifest.version}`);
  expect(await daemon.ok("info")).toContain(`Berth ${manifest.version}`);
  const own = (await daemon.berth("version")).stdout;
  expect(own).toContain(`Server: Berth ${manifest.version}`);
  expect(own).toMatch(/Engine:\n +Version: +29\./);
});

test("requests without a version are answered in the shapes of 1.51", async () => {
  const { Id } = (await daemon.api("POST", "/containers/create", { Image: "busybox", Cmd: ["sleep", "1000"] })).json;
  await daemon.api("POST", `/containers/${Id}/start`);
  const settings = async (version: string) =>
    (await daemon.api("GET", `${version}/containers/${Id}/json`)).json.NetworkSettings;
  const plain = await settings("");
  expect(plain.IPAddress).toMatch(/^10\./);
  expect(plain).toEqual(await settings("/v1.51"));
  expect(await settings("/v1.56")).not.toHaveProperty("IPAddress");
  const now = Date.now() / 1000 + 1;
  const filters = encodeURIComponent(JSON.stringify({ container: [Id], event: ["start"] }));
  const event = (await daemon.api("GET", `/events?since=1&until=${now}&filters=${filters}`)).json;
  expect(event).toMatchObject({ id: Id, status: "start", from: "busybox", Action: "start" });
  expect((await daemon.api("GET", `/v1.56/events?since=1&until=${now}&filters=${filters}`)).json).not.toHaveProperty(
    "status",
  );
  // What came later can be asked for all the same.
  expect((await daemon.api("GET", "/images/busybox/attestations")).status).toBe(200);
});

test("docker-compose 1 and docker-py take the newest version and get the shapes that they know", async () => {
  const compose = "docker-compose/1.29.2 docker-py/5.0.3 Linux/6.1";
  expect(await (await as(compose, "/v1.56/images/busybox/json")).json()).toMatchObject({
    ContainerConfig: {},
    Container: "",
  });
  expect(await (await as("docker-sdk-python/7.1.0", "/v1.56/info")).json()).not.toHaveProperty("NRI");
  const { Id } = (await daemon.api("POST", "/containers/create", { Image: "busybox" })).json;
  const inspected = await (await as("docker-sdk-python/7.1.0", `/v1.56/containers/${Id}/json`)).json();
  expect((inspected as { NetworkSettings: object }).NetworkSettings).toHaveProperty("IPAddress");
  expect(await (await as("curl/8", "/v1.56/images/busybox/json")).json()).not.toHaveProperty("ContainerConfig");
});

test("docker-compose 1 attaches, makes anew and tells events", async () => {
  const dir = join(daemon.root, "composed");
  mkdirSync(dir);
  const compose = (...args: string[]) =>
    sh(["docker-compose", "-p", "old", "-f", join(dir, "c.yml"), ...args], { env: { DOCKER_HOST: daemon.host } });
  const write = (word: string) =>
    writeFileSync(
      join(dir, "c.yml"),
      `version: "3"\nservices:\n  a: {image: busybox, command: "echo ${word}", volumes: [/data], network_mode: ` +
        "bridge}\n",
    );
  write("first");
  const up = await compose("up");
  expect(up.stdout).toContain("first");
  expect(up.stdout).toContain("old_a_1 exited with code 0");
  write("second");
  const events = Bun.spawn(["docker-compose", "-p", "old", "-f", join(dir, "c.yml"), "events"], {
    env: { ...process.env, DOCKER_HOST: daemon.host },
    stdout: "pipe",
    stderr: "pipe",
  });
  await until("the listener", async () => (await daemon.api("GET", "/info")).json.NEventsListener === 1);
  const again = await compose("up", "-d");
  expect(again.stderr).toMatch(/(Rec|C)reating old_a_1 .*done/);
  expect(again.exitCode).toBe(0);
  let told = "";
  for await (const piece of events.stdout)
    if ((told += Buffer.from(piece).toString()).includes("container destroy")) break;
  events.kill();
  await events.exited;
  expect(told).toContain("container create");
}, 60_000);

test("skopeo 1.9 asks for 1.22, and gets the image", async () => {
  const old = (await daemon.api("GET", "/v1.22/images/busybox/json")).json;
  expect(old.Id).toStartWith("sha256:");
  const copied = await sh([
    "skopeo",
    "copy",
    "--src-daemon-host",
    daemon.host,
    "--dest-daemon-host",
    daemon.host,
    "docker-daemon:busybox:latest",
    "docker-daemon:copied:1",
  ]);
  expect(copied.stderr).toBe("");
  expect(copied.exitCode).toBe(0);
  expect((await daemon.api("GET", "/images/copied:1/json")).json.RootFS).toEqual(old.RootFS);
  // Below that, errors are text, as they were.
  const { status, text } = await daemon.api("GET", "/v1.21/info");
  expect([status, text]).toEqual([
    400,
    "client version 1.21 is too old. Minimum supported API version is 1.24, please upgrade your client to a " +
      "newer version\n",
  ]);
});
