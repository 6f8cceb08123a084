/** What a container writes into /etc/hosts and /etc/resolv.conf outlives changes of its networks while it runs. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
  await daemon.ok("network", "create", "one");
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const change = (how: "connect" | "disconnect", network: string, name: string) =>
  daemon.ok("network", how, network, name);
const run = (name: string, ...options: string[]) =>
  daemon.ok("run", "-d", "--name", name, "--stop-signal", "KILL", ...options, "busybox", "sleep", "1000");
const within = (name: string, script: string) => daemon.ok("exec", name, "sh", "-c", script);
/** Without the lines that every hosts file has. */
const hosts = async (name: string) =>
  (await within(name, "cat /etc/hosts")).split("\n").filter((line) => !/localhost|ip6-/.test(line));
const address = (name: string, network: string) =>
  daemon.ok("inspect", "-f", `{{.NetworkSettings.Networks.${network}.IPAddress}}`, name);

test("the engine's lines come and go among the container's own", async () => {
  const id = (await run("box", "--add-host", "extra:10.0.0.9")).slice(0, 12);
  const bridge = `${await address("box", "bridge")}\t${id}`;
  await within("box", "echo '1.2.3.4 mine' >> /etc/hosts; printf '5.6.7.8 last' >> /etc/hosts");
  const own = ["1.2.3.4 mine", "5.6.7.8 last"];
  await change("connect", "one", "box");
  const one = `${await address("box", "one")}\t${id}`;
  expect(await hosts("box")).toEqual(["10.0.0.9\textra", bridge, ...own, one]);
  await change("disconnect", "bridge", "box");
  expect(await hosts("box")).toEqual(["10.0.0.9\textra", ...own, one]);
  await change("disconnect", "one", "box");
  expect(await hosts("box")).toEqual(["10.0.0.9\textra", ...own]);
  await daemon.restart();
  await change("connect", "bridge", "box");
  expect(await hosts("box")).toEqual(["10.0.0.9\textra", ...own, `${await address("box", "bridge")}\t${id}`]);
  await daemon.ok("restart", "-t", "0", "box");
  expect(await hosts("box")).toEqual(["10.0.0.9\textra", `${await address("box", "bridge")}\t${id}`]);
});

test("a resolv.conf that the container has changed stays its own, until its next start", async () => {
  for (const name of ["plain", "edited"]) await run(name);
  const resolvConf = (name: string) => within(name, "grep -v ^# /etc/resolv.conf");
  const [before] = [await resolvConf("edited")];
  await within("edited", "echo 'options timeout:7' >> /etc/resolv.conf");
  for (const name of ["plain", "edited"]) await change("connect", "one", name);
  expect(await resolvConf("plain")).toContain("nameserver 127.0.0.11");
  expect(await resolvConf("edited")).toBe(`${before}\noptions timeout:7`);
  await daemon.restart();
  for (const name of ["plain", "edited"]) await change("disconnect", "one", name);
  expect(await resolvConf("plain")).toBe(before);
  expect(await resolvConf("edited")).toBe(`${before}\noptions timeout:7`);
  await daemon.ok("restart", "-t", "0", "edited");
  expect(await resolvConf("edited")).toBe(before);
});

test("nor does the line of a linked container go that rests meanwhile", async () => {
  const app = (await run("app")).slice(0, 12);
  const web = await run("web", "--link", "app:u");
  const line = `${await address("app", "bridge")}\tu ${app} app`;
  await within("web", "echo '1.2.3.4 mine' >> /etc/hosts");
  await daemon.ok("stop", "-t", "0", "app");
  await change("connect", "one", "web");
  expect(readFileSync(`${daemon.dataRoot}/containers/${web}/hosts`, "utf8")).toContain(`\n${line}\n`);
  await daemon.ok("start", "app");
  expect(await hosts("web")).toContain(line);
  expect(await hosts("web")).toContain("1.2.3.4 mine");
  await change("disconnect", "bridge", "web");
  expect((await hosts("web")).filter((each) => each.includes("\tu "))).toEqual([]);
  await change("connect", "bridge", "web");
  expect((await hosts("web")).filter((each) => each.includes("\tu "))).toEqual([line]);
});
