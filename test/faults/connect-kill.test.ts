/**
 * `kill -9` of the daemon amid connecting and disconnecting: what it says of a container's networks is what the kernel
 * has.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Daemon, sh } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const rounds = Number(process.env.BERTH_FAULT_ROUNDS ?? 8);
const names = Array.from({ length: 8 }, (_, at) => `joins${at}`);

type Addresses = Record<string, string>;

/** By interface, as the container's namespace has them. */
async function addressesInside(id: string): Promise<Addresses> {
  const { stdout } = await sh(["nsenter", `--net=${daemon.execRoot}/netns/${id}`, "ip", "-j", "-4", "address"]);
  const links = JSON.parse(stdout) as { ifname: string; addr_info: { local: string }[] }[];
  return Object.fromEntries(
    links
      .filter(({ ifname }) => ifname !== "lo")
      .map(({ ifname, addr_info }) => [ifname, addr_info.map(({ local }) => local).join(" ")]),
  );
}

async function gatewayInside(id: string): Promise<string> {
  const { stdout } = await sh([
    "nsenter",
    `--net=${daemon.execRoot}/netns/${id}`,
    "ip",
    "-j",
    "route",
    "show",
    "default",
  ]);
  return (JSON.parse(stdout) as { gateway: string }[]).map(({ gateway }) => gateway).join(" ");
}

/** What is wrong with a container: its own account, its networks' and the kernel's side by side. */
async function disagreements(name: string): Promise<string[]> {
  const { Id, NetworkSettings } = (await daemon.api("GET", `/v1.51/containers/${name}/json`)).json;
  const said = NetworkSettings.Networks as Record<string, { IPAddress: string; Gateway: string }>;
  const wrong: string[] = [];
  const inside = await addressesInside(Id);
  const [kernel, record] = [
    Object.values(inside).sort().join(),
    Object.values(said)
      .map(({ IPAddress }) => IPAddress)
      .sort()
      .join(),
  ];
  if (kernel !== record) wrong.push(`${name}: inside ${JSON.stringify(inside)}, in its record ${JSON.stringify(said)}`);
  for (const network of ["left", "right"]) {
    const member = (await daemon.api("GET", `/networks/${network}`)).json.Containers[Id]?.IPv4Address?.split("/")[0];
    if (member !== said[network]?.IPAddress)
      wrong.push(`${name}: ${network} says ${member}, its record ${said[network]?.IPAddress}`);
  }
  const cables = (await sh(["ip", "link"])).stdout
    .split("\n")
    .filter((line) => line.includes(`alias berth-${daemon.instance}`) && line.includes(Id)).length;
  if (cables !== Object.keys(said).length)
    wrong.push(`${name}: ${cables} links on the host for ${Object.keys(said).length} networks`);
  const gateway = await gatewayInside(Id);
  const gateways = Object.values(said).map(({ Gateway }) => Gateway);
  if (gateways.length === 0 ? gateway !== "" : !gateways.includes(gateway))
    wrong.push(`${name}: default route by "${gateway}" of ${gateways.join()}`);
  const hosts = await Bun.file(`${daemon.dataRoot}/containers/${Id}/hosts`).text();
  for (const { IPAddress } of Object.values(said))
    if (!hosts.includes(`${IPAddress}\t`)) wrong.push(`${name}: ${IPAddress} is not in its hosts`);
  return wrong;
}

test("record and kernel agree after every kill", async () => {
  for (const network of ["left", "right"]) await daemon.ok("network", "create", network);
  for (const [at, name] of names.entries()) {
    await daemon.ok(
      "run",
      "-d",
      "--name",
      name,
      "--network",
      at % 2 ? "left" : "right",
      "-p",
      "127.0.0.1::80",
      "busybox",
      "sh",
      "-c",
      "echo here > /index.html; httpd -f -p 80",
    );
  }
  for (let round = 0; round < rounds; round++) {
    const work = names
      .map(async (name, at) => {
        for (;;) {
          for (const [network, verb] of [
            ["left", "connect"],
            ["right", "disconnect"],
            ["right", "connect"],
            ["left", "disconnect"],
          ].slice(at % 2)) {
            await daemon.api("POST", `/networks/${network}/${verb}`, { Container: name });
          }
        }
      })
      .map((endless) =>
        endless.catch(() => {
          /* the daemon went away, as it should */
        }),
      );
    await Bun.sleep(30 + Math.random() * 300);
    await daemon.kill();
    await Promise.all(work);
    await daemon.up();
    expect((await Promise.all(names.map(disagreements))).flat()).toEqual([]);
  }
  // All of them answer, wherever they ended up, once they are on a network.
  for (const name of names) {
    await daemon.api("POST", "/networks/left/connect", { Container: name });
    const { NetworkSettings } = (await daemon.api("GET", `/containers/${name}/json`)).json;
    const port = NetworkSettings.Ports["80/tcp"][0].HostPort;
    expect((await sh(["curl", "-gsS", "-m", "10", "--noproxy", "*", `http://127.0.0.1:${port}/`])).stdout).toBe(
      "here\n",
    );
  }
  // What they are on is what they start with.
  const [first = ""] = names;
  const networksOf = async () =>
    Object.keys((await daemon.api("GET", `/containers/${first}/json`)).json.NetworkSettings.Networks).sort();
  const before = await networksOf();
  await daemon.ok("restart", "-t", "0", first);
  expect(await networksOf()).toEqual(before);
  for (const name of names) await daemon.ok("rm", "-f", name);
  for (const network of ["left", "right"]) await daemon.ok("network", "rm", network);
}, 300_000);
