import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Daemon, sh } from "../harness.ts";

/** The default bridge outlives the daemon: the next one may want it with IPv6, or without. */
setDefaultTimeout(120_000);
let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const ipv6 = ["--ipv6", "--fixed-cidr-v6", "fd00:b7:1::/64"];
const onBridge = async () =>
  (await sh(["ip", "-o", "-6", "address", "show", "dev", daemon.bridge, "scope", "global"])).stdout;
const addressIn = (name: string) =>
  daemon.ok("inspect", "-f", "{{.NetworkSettings.Networks.bridge.GlobalIPv6Address}}", name);

test("it gets IPv6, loses it, and gets it again", async () => {
  expect(await onBridge()).toBe("");
  await daemon.ok("run", "-d", "--name", "old", "busybox", "sleep", "1000");

  await daemon.restart(ipv6);
  expect(await onBridge()).toContain("fd00:b7:1::1/64");
  await daemon.ok("run", "-d", "--name", "new", "busybox", "sleep", "1000");
  expect(await addressIn("old")).toBe("");
  expect(await addressIn("new")).toMatch(/^fd00:b7:1::/);
  expect(await daemon.ok("exec", "new", "ping", "-6", "-c1", "-W5", "fd00:b7:1::1")).toContain("1 packets received");

  await daemon.restart();
  expect(await onBridge()).toBe("");
  await daemon.ok("run", "--rm", "busybox", "true");

  await daemon.kill();
  await daemon.up(ipv6);
  expect(await onBridge()).toContain("fd00:b7:1::1/64");
  expect(await daemon.ok("exec", "new", "ping", "-6", "-c1", "-W5", "fd00:b7:1::1")).toContain("1 packets received");
  await daemon.ok("rm", "-f", "old", "new");

  await daemon.restart(["--ipv6", "--bip6", "fd00:b7:2::9/64", "--fixed-cidr-v6", "fd00:b7:2::100/120"]);
  expect(await onBridge()).toContain("fd00:b7:2::9/64");
  const { IPAM } = (await daemon.api("GET", "/networks/bridge")).json;
  expect(IPAM.Config[1]).toEqual({ Subnet: "fd00:b7:2::/64", IPRange: "fd00:b7:2::100/120", Gateway: "fd00:b7:2::9" });
  await daemon.ok("run", "-d", "--name", "ranged", "busybox", "sleep", "1000");
  expect(await addressIn("ranged")).toMatch(/^fd00:b7:2::1[0-9a-f]{2}$/);
  await daemon.ok("rm", "-f", "ranged");
});
