/** Whatever a rig leaves on the machine is seen, by whichever name it bears. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../src/lib/ids.ts";
import { runOk } from "../../src/lib/run.ts";
import { detectCgroups } from "../../src/linux/cgroup.ts";
import { cgroupDirs } from "../../src/linux/cgroup-tree.ts";
import { until } from "../harness.ts";
import { type Belongings, endRig, lasting, leftovers } from "../leftovers.ts";
import { ownMachine } from "../network/machine.ts";

let belongings: Required<Belongings>;
beforeEach(() => {
  const root = mkdtempSync("/tmp/berth-rigs-");
  const instance = newId().slice(0, 8);
  const files = [join(root, "files"), join(root, "never-made")];
  belongings = { root, instance, bridge: `bt${instance}`, files, netns: null };
  for (const name of ["files", "other"]) mkdirSync(join(root, name));
});
// What these tests make they take away themselves.
afterEach(() => endRig(belongings));

test("a mount", async () => {
  const target = join(belongings.root, "with a space");
  mkdirSync(target);
  await runOk(["mount", "-t", "tmpfs", "none", target]);
  expect(await leftovers(belongings)).toEqual([`mount ${target}`]);
  await runOk(["umount", target]);
});

test("a process, until it has ended", async () => {
  const argv = ["tail", "-f", join(belongings.root, "none")];
  writeFileSync(join(belongings.root, "none"), "");
  const child = Bun.spawn(argv, { stdio: ["ignore", "ignore", "ignore"] });
  await until("the program", async () => (await leftovers(belongings)).length > 0);
  const seen = [`process ${child.pid} ${argv.join(" ")} `];
  expect(await leftovers(belongings)).toEqual(seen);
  expect(await lasting(() => leftovers(belongings), 100)).toEqual(seen);
  setTimeout(() => child.kill(), 100);
  expect(await lasting(() => leftovers(belongings))).toEqual([]);
});

test("a link that bears the instance, a port of the bridge, and a table, on whichever machine", async () => {
  await using machine = await ownMachine();
  const { instance, bridge } = belongings;
  const there = { ...belongings, netns: machine.path };
  await machine.run("ip", "link", "add", bridge, "type", "bridge");
  // No mark, no port: a bridge that was there before.
  expect(await leftovers(there)).toEqual([]);
  await machine.run("ip", "link", "set", bridge, "alias", `berth-${instance}/network`);
  await machine.run("ip", "link", "add", "port", "type", "veth", "peer", "name", "free");
  await machine.run("ip", "link", "set", "port", "master", bridge);
  await machine.run("nft", "add", "table", "inet", `berth_${instance}`);
  expect((await leftovers(there)).sort()).toEqual([`link ${bridge}`, "link port", `table inet berth_${instance}`]);
  expect(await leftovers(belongings)).toEqual([]);
});

test("a control group of containers, or of their monitors", async () => {
  const names = [`/berth-${belongings.instance}`, `/berth-${belongings.instance}-monitors`];
  const dirs = names.flatMap((name) => cgroupDirs(detectCgroups(), name).slice(0, 1));
  for (const dir of dirs) mkdirSync(dir);
  expect((await leftovers(belongings)).sort()).toEqual(dirs.map((dir) => `cgroup ${dir}`));
  for (const dir of dirs) rmdirSync(dir);
});

test("a file that stands for something, and not others", async () => {
  for (const name of ["files", "other"]) writeFileSync(join(belongings.root, name, "one"), "");
  expect(await leftovers(belongings)).toEqual([`file ${belongings.root}/files/one`]);
  await runOk(["rm", join(belongings.root, "files/one")]);
});

test("the end of a rig removes its folder, but nothing of what is mounted there", async () => {
  const [kept, shown] = [mkdtempSync("/tmp/berth-rigs-kept-"), join(belongings.root, "shown")];
  writeFileSync(join(kept, "file"), "");
  mkdirSync(shown);
  await runOk(["mount", "--bind", kept, shown]);
  expect(await endRig(belongings, { patience: 100 }).catch(String)).toBe(`Error: left behind:\nmount ${shown}`);
  expect([existsSync(belongings.root), existsSync(join(kept, "file"))]).toEqual([false, true]);
  await runOk(["rm", "-r", kept]);
});
