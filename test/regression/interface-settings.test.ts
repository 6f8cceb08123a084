import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Daemon } from "../harness.ts";

/** Settings of one interface of a container: by an option of its endpoint, and as older clients ask for them. */
setDefaultTimeout(120_000);
let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
  await daemon.ok("network", "create", "--subnet", "10.198.7.0/24", "own");
});
afterAll(async () => {
  await daemon?.ok("network", "rm", "own");
  await daemon?.[Symbol.asyncDispose]();
});

const sysctls = "com.docker.network.endpoint.sysctls";
const read = (link: string) => [
  "sh",
  "-c",
  `cat /proc/sys/net/ipv4/conf/${link}/log_martians /proc/sys/net/ipv4/conf/${link}/accept_redirects`,
];

for (const client of ["docker", "berth"] as const) {
  const run = (...args: string[]) => daemon[client]("run", "--rm", ...args);
  const complaint = async (...args: string[]) => (await run(...args)).stderr;

  test(`${client}: an option of the endpoint, whichever letters IFNAME has`, async () => {
    for (const word of ["IFNAME", "ifname"]) {
      const conf = `net.ipv4.conf.${word}`;
      const option = `"driver-opt=${sysctls}=${conf}.log_martians=1,${conf}.accept_redirects=0"`;
      expect((await run("--network", `name=own,${option}`, "busybox", ...read("eth0"))).stdout).toBe("1\n0\n");
    }
    expect(
      (
        await run(
          "--network",
          "name=own,driver-opt=com.docker.network.endpoint.ifname=lan.1," +
            `"driver-opt=${sysctls}=net.ipv4.conf.IFNAME.log_martians=1"`,
          "busybox",
          ...read("lan.1"),
        )
      ).stdout,
    ).toMatch(/^1\n/);
  });

  test(`${client}: what is no setting of an interface is refused before anything is made`, async () => {
    for (const setting of [
      "net.ipv4.conf.eth0.log_martians=1",
      "net.ipv4.ip_forward=1",
      "kernel.panic=7",
      "kernel.x.ifname.y=1",
      "net.ipv4.conf.ifname",
    ]) {
      expect(await complaint("--network", `name=own,driver-opt=${sysctls}=${setting}`, "busybox", "true")).toContain(
        "invalid config for network own: invalid endpoint settings:\nunrecognised network interface sysctl " +
          `'${setting}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or ` +
          "'mpls'",
      );
    }
    expect(
      await complaint("--network", `name=own,driver-opt=${sysctls}=net.ipv4.conf.ifname.nosuch=1`, "busybox", "true"),
    ).toMatch(
      new RegExp(
        "failed to set up container networking: failed to add interface veth[0-9a-f]+ to sandbox: " +
          "/proc/sys/net/ipv4/conf/eth0/nosuch is not a sysctl file",
      ),
    );
    expect(
      await complaint(
        "--network",
        `name=own,driver-opt=${sysctls}=net.ipv4.conf.ifname.log_martians`,
        "busybox",
        "true",
      ),
    ).toMatch(
      new RegExp(
        "failed to add interface veth[0-9a-f]+ to sandbox: " +
          "expected sysctl 'net.ipv4.conf.ifname.log_martians' to have format name=value",
      ),
    );
  });

  test(`${client}: names of interfaces that cannot be`, async () => {
    for (const [name, why] of [
      ["lo", "file exists"],
      ["a:b", "invalid argument"],
      ["toolongname123456", "numerical result out of range"],
    ]) {
      expect(
        await complaint(
          "--network",
          `name=own,driver-opt=com.docker.network.endpoint.ifname=${name}`,
          "busybox",
          "true",
        ),
      ).toMatch(
        new RegExp(
          `failed to add interface (veth[0-9a-f]+) to sandbox: error renaming interface "\\1" to "${name}": ${why}`,
        ),
      );
    }
    expect(await complaint("--sysctl", "net.ipv4.conf.eth0.log_martians=1", "busybox", "true")).toContain(
      `interface specific sysctl setting "net.ipv4.conf.eth0.log_martians" must be supplied using driver ` +
        `option '${sysctls}'`,
    );
  });
}

test("a client of before 1.48 asks for them among the container's own", async () => {
  const create = async (Sysctls: Record<string, string>, NetworkMode = "own") =>
    daemon.api("POST", "/v1.45/containers/create?name=older", {
      Image: "busybox",
      Cmd: read("eth0"),
      HostConfig: { Sysctls, NetworkMode },
    });
  const { json } = await create({ "net.ipv4.conf.eth0.log_martians": "1", "net.ipv4.ip_forward": "0" });
  expect(json.Warnings).toEqual([
    `Migrated sysctl "net.ipv4.conf.eth0.log_martians" to ` +
      `DriverOpts{"${sysctls}":"net.ipv4.conf.IFNAME.log_martians=1"}.`,
  ]);
  expect(await daemon.ok("start", "-a", "older")).toMatch(/^1\n/);
  expect(await daemon.ok("inspect", "-f", "{{json .HostConfig.Sysctls}}", "older")).toBe('{"net.ipv4.ip_forward":"0"}');
  await daemon.ok("rm", "older");
  expect((await create({ "net.ipv4.conf.eth1.log_martians": "1" })).json.message).toBe(
    "unable to determine network endpoint for sysctl net.ipv4.conf.eth1.log_martians, use driver option " +
      `'${sysctls}' to set per-interface sysctls`,
  );
});

test("a connect that fails by them leaves nothing", async () => {
  await daemon.ok("run", "-d", "--name", "alone", "busybox", "sleep", "1000");
  const { status, json } = await daemon.api("POST", "/networks/own/connect", {
    Container: "alone",
    EndpointConfig: { DriverOpts: { [sysctls]: "net.ipv4.conf.IFNAME.nosuch=1" } },
  });
  expect(status).toBe(500);
  expect(json.message).toMatch(
    new RegExp(
      "^failed to add interface veth[0-9a-f]+ to sandbox: " +
        "/proc/sys/net/ipv4/conf/eth1/nosuch is not a sysctl file$",
    ),
  );
  expect(await daemon.ok("exec", "alone", "ls", "/sys/class/net")).toBe("eth0\nlo");
  await daemon.ok("network", "connect", "own", "alone");
  await daemon.ok("rm", "-f", "alone");
});
