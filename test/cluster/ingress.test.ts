/** Networks of a cluster: tasks find and reach each other across machines, and ports answer on every one of them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { run } from "../../src/lib/run.ts";
import { until } from "../harness.ts";
import { ClusterHosts } from "./hosts.ts";

let rig: ClusterHosts;
beforeAll(async () => {
  rig = await ClusterHosts.start(3);
  await docker(1, "swarm", "init", "--advertise-addr", rig.host(1).ip);
  const token = await docker(1, "swarm", "join-token", "-q", "worker");
  for (const number of [2, 3]) await docker(number, "swarm", "join", "--token", token, `${rig.host(1).ip}:2377`);
  await docker(1, "network", "create", "-d", "overlay", "ov");
}, 60_000);
afterAll(() => rig[Symbol.asyncDispose](), 60_000);

const docker = (number: number, ...args: string[]) => rig.host(number).daemon.ok(...args);
const quick = ["--no-resolve-image", "--stop-grace-period", "100ms", "--restart-delay", "100ms"];
const create = ["service", "create", "-d", ...quick, "--network", "ov"];
/** A page that tells the task's machine, and who asked. */
const page = "printf '#!/bin/sh\\necho; echo $NODE $REMOTE_ADDR\\n' > /w/cgi-bin/who; chmod +x /w/cgi-bin/who";
const serve = ["busybox", "sh", "-c", `mkdir -p /w/cgi-bin; ${page}; exec httpd -f -p 80 -h /w`];

const allRun = (service: string, count: number) =>
  until(`${count} of ${service} run`, async () => {
    const format = ["--filter", "desired-state=running", "--format", "{{.CurrentState}}"];
    const lines = (await docker(1, "service", "ps", service, ...format)).split("\n");
    return lines.filter((line) => line.startsWith("Running ")).length === count;
  });

/** The container of a service's task on a machine. */
const containerOn = async (number: number, service: string) =>
  (await docker(number, "ps", "-q", "--filter", `label=com.docker.swarm.service.name=${service}`)).split("\n")[0] ?? "";

const inTask = async (number: number, service: string, ...argv: string[]) =>
  (await rig.host(number).daemon.docker("exec", await containerOn(number, service), ...argv)).stdout.trim();

const nodeId = (number: number) => docker(number, "info", "-f", "{{.Swarm.NodeID}}");
const ask = async (netns: string, url: string) =>
  (await run(["nsenter", `--net=${netns}`, "curl", "-gsS", "-m", "5", "--noproxy", "*", url])).stdout
    .trim()
    .replace(/\[::ffff:(.*)\]/, "$1");
const asked = async (count: number, question: () => Promise<string>) => {
  const answers: string[] = [];
  for (let at = 0; at < count; at++) answers.push(await question());
  return answers;
};
const distinct = (answers: readonly string[]) => [...new Set(answers)].sort();

test("tasks on several machines reach each other by the service's address, by name and alone", async () => {
  const env = ["--env", "NODE={{.Node.ID}}"];
  await docker(1, ...create, "--name", "web", "--mode", "global", ...env, "-p", "8080:80", ...serve);
  await docker(1, ...create, "--name", "client", "--mode", "global", "busybox", "sleep", "1000");
  await allRun("web", 3);
  await allRun("client", 3);
  await until(
    "every task is known",
    async () => (await inTask(2, "client", "nslookup", "tasks.web.")).split("Name:").length === 4,
  );
  for (const number of [1, 2, 3]) {
    const answers = await asked(6, () => inTask(number, "client", "wget", "-qO-", "http://web/cgi-bin/who"));
    expect(distinct(answers.map((answer) => answer.split(" ")[0] ?? ""))).toHaveLength(3);
    const ownAnswers = await asked(3, () => inTask(number, "web", "wget", "-qO-", "http://web/cgi-bin/who"));
    expect(distinct(ownAnswers.map((answer) => answer.split(" ")[0] ?? ""))).toHaveLength(3);
    expect(await inTask(number, "client", "ping", "-c1", "-W2", "web")).toContain("1 packets received");
  }
  expect(await inTask(1, "client", "cat", "/sys/class/net/eth0/mtu")).toBe("1450");
}, 60_000);

test("a published port answers on every machine, by its own task, which sees its clients", async () => {
  for (const number of [1, 2, 3]) {
    const { ip, netns } = rig.host(number);
    const own = await nodeId(number);
    const answers = await asked(4, () => ask(rig.outside.netns, `http://${ip}:8080/cgi-bin/who`));
    expect(distinct(answers)).toEqual([`${own} ${rig.outside.ip}`]);
    expect(await ask(netns, "http://127.0.0.1:8080/cgi-bin/who")).toStartWith(own);
  }
}, 60_000);

test("a machine without a task of the service passes connections on, and nothing is lost in an update", async () => {
  await docker(1, "service", "rm", "web");
  const where = ["--constraint", `node.id!=${await nodeId(3)}`, "--env", "NODE={{.Node.ID}}"];
  await docker(1, ...create, "--name", "api", "--replicas", "2", ...where, "-p", "8081:80", ...serve);
  await allRun("api", 2);
  const url = `http://${rig.host(3).ip}:8081/cgi-bin/who`;
  let answers: string[] = [];
  await until("both answer", async () => {
    answers = await asked(8, () => ask(rig.outside.netns, url));
    return distinct(answers.map((answer) => answer.split(" ")[0] ?? "")).filter((node) => node !== "").length === 2;
  });
  expect(distinct(answers.map((answer) => answer.split(" ")[1] ?? ""))[0]).toStartWith("10.0.0.");
  expect(await ask(rig.host(3).netns, "http://127.0.0.1:8081/cgi-bin/who")).toContain(" 10.0.0.");

  let [good, bad, done] = [0, 0, false];
  const asking = (async () => {
    while (!done) (await ask(rig.outside.netns, url)) === "" ? bad++ : good++;
  })();
  const update = ["--update-order", "start-first", "--update-monitor", "500ms", "--env-add", "VERSION=2"];
  await docker(1, "service", "update", "--no-resolve-image", ...update, "api");
  done = true;
  await asking;
  expect(good).toBeGreaterThan(20);
  expect(bad).toBe(0);
}, 90_000);

test("what is done to the kernel is found and repaired; nothing stays when services go", async () => {
  const { netns, daemon } = rig.host(3);
  const inside = async (...argv: string[]) => (await run(["nsenter", `--net=${netns}`, ...argv])).stdout;
  const told = async () => (await daemon.berth("network", "check", "--all")).stdout.match(/tunnel vx/g) ?? [];
  // What the next daemon finds it keeps.
  await daemon.restart();
  // Until a manager has spoken the next one does not know what else is to be there.
  await until("it is told again", async () => (await told()).length === 2);
  const tunnels = (await inside("ip", "-o", "link")).match(/vx-\w+/g) ?? [];
  expect(tunnels).toHaveLength(2);
  const known = await inside("bridge", "fdb", "show");
  for (const tunnel of tunnels) {
    const [entry = ""] = known.split("\n").filter((line) => line.includes(`${tunnel} dst`));
    await inside("bridge", "fdb", "del", entry.split(" ")[0] ?? "", "dev", tunnel, "self");
  }
  await inside("ip", "link", "del", tunnels[0] ?? "");
  const states = async (...repair: string[]) =>
    (await daemon.berth("network", "check", ...repair)).stdout.split("\n").filter((line) => /tunnel|peer/.test(line));
  expect((await states()).join("\n")).toMatch(/missing/);
  expect((await states("--repair")).join("\n")).toMatch(/repaired/);
  const sorted = (text: string) =>
    text
      .split("\n")
      .filter((line) => line.includes(" dst "))
      .sort();
  expect(sorted(await inside("bridge", "fdb", "show"))).toEqual(sorted(known));
  await docker(1, "service", "rm", "api", "client");
  for (const { netns: each } of rig.hosts)
    await until("no tunnel is left", async () => {
      const { stdout } = await run(["nsenter", `--net=${each}`, "ip", "-o", "link"]);
      return !stdout.includes("vx-");
    });
  expect(await inside("nft", "list", "ruleset")).not.toContain("8081");
}, 60_000);
