/**
 * What no start could give is refused when the container is made, in dockerd's words: it must not stand in lists that
 * clients cannot read.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
  await daemon.ok("network", "create", "--subnet", "10.98.7.0/24", "mine");
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const create = (body: object) => daemon.api("POST", "/containers/create", { Image: "busybox", Cmd: ["true"], ...body });
const on = (network: string, settings: object) => ({
  HostConfig: { NetworkMode: network },
  NetworkingConfig: { EndpointsConfig: { [network]: settings } },
});
const host = (HostConfig: object) => ({ HostConfig });

describe("networks", () => {
  test.each<[object, string]>([
    [
      on("bridge", { IPAMConfig: { IPv4Address: "nonsense" } }),
      "invalid config for network bridge: invalid endpoint settings:\n* user specified IP address is supported " +
        "on user defined networks only\n* invalid IPv4 address: nonsense\n* no configured subnet or ip-range " +
        "contain the IP address nonsense",
    ],
    [
      on("bridge", { IPAMConfig: { IPv6Address: "nonsense" } }),
      "invalid config for network bridge: invalid endpoint settings:\n* user specified IP address is supported " +
        "on user defined networks only\n* invalid IPv6 address: nonsense\n* user specified IP address is " +
        "supported only when connecting to networks with user configured subnets",
    ],
    [
      on("mine", { IPAMConfig: { IPv4Address: "10.1.2.3" } }),
      "invalid config for network mine: invalid endpoint settings:\nno configured subnet or ip-range contain " +
        "the IP address 10.1.2.3",
    ],
    [
      on("mine", { IPAMConfig: { LinkLocalIPs: ["xx"] } }),
      "invalid config for network mine: invalid endpoint settings:\ninvalid link-local IP address: xx",
    ],
    [
      on("mine", { IPAMConfig: { LinkLocalIPs: ["169.253.5.5"] } }),
      "invalid config for network mine: invalid endpoint settings:\ninvalid link local IP address: 169.253.5.5",
    ],
    [on("bridge", { MacAddress: "zz" }), "invalid config for network bridge: invalid MAC address zz"],
    [
      on("bridge", { Aliases: ["x"] }),
      "invalid config for network bridge: invalid endpoint settings:\nnetwork-scoped alias is supported only " +
        "for containers in user defined networks",
    ],
    [
      { HostConfig: { NetworkMode: "host" }, NetworkingConfig: { EndpointsConfig: { host: {}, bridge: {} } } },
      "container sharing network namespace with another container or host cannot be connected to any other network",
    ],
    [
      { HostConfig: { NetworkMode: "bridge" }, NetworkingConfig: { EndpointsConfig: { host: {}, bridge: {} } } },
      "cannot connect container to host network - container must be created in host network mode",
    ],
    [
      { HostConfig: { NetworkMode: "none" }, NetworkingConfig: { EndpointsConfig: { none: {}, bridge: {} } } },
      "container cannot be connected to multiple networks with one of the networks in private (none) mode",
    ],
    [host({ PidMode: "container:nobody" }), "No such container: nobody"],
    [host({ IpcMode: "container:nobody" }), "No such container: nobody"],
    [host({ Dns: ["x"] }), 'bad nameserver address x: ParseAddr("x"): unable to parse IP'],
    [
      { Domainname: "d", HostConfig: { UTSMode: "host" } },
      'sysctl "kernel.domainname" is not in a separate kernel namespace',
    ],
  ])("%j", async (body, message) => {
    expect((await create(body)).json).toEqual({ message });
  });
  test("what is right is taken", async () => {
    for (const body of [
      on("mine", {
        IPAMConfig: { IPv4Address: "10.98.7.9", LinkLocalIPs: ["169.254.5.5"] },
        MacAddress: "02:42:ac:11:00:09",
        Aliases: ["x"],
      }),
      on("not-yet-there", {}),
      { HostConfig: { NetworkMode: "host" } },
      { HostConfig: { NetworkMode: "none" } },
      { HostConfig: { NetworkMode: "bridge" }, NetworkingConfig: { EndpointsConfig: { bridge: {}, mine: {} } } },
    ])
      expect((await create(body)).status).toBe(201);
    // The container whose network it shares may be made later.
    const { Id } = (await create(host({ NetworkMode: "container:nobody" }))).json;
    expect((await daemon.api("POST", `/containers/${Id}/start`)).json.message).toBe(
      "joining network namespace of container: No such container: nobody",
    );
  });
  test("a stopped container is connected to nothing that it could not be on", async () => {
    const { Id } = (await create({})).json;
    const connect = (network: string, EndpointConfig: object) =>
      daemon.api("POST", `/networks/${network}/connect`, { Container: Id, EndpointConfig });
    expect((await connect("mine", { IPAMConfig: { IPv4Address: "10.1.1.1" } })).json.message).toBe(
      "invalid endpoint settings:\nno configured subnet or ip-range contain the IP address 10.1.1.1",
    );
    expect((await connect("mine", { MacAddress: "zz" })).json.message).toBe("invalid MAC address zz");
    const settings = async () => (await daemon.api("GET", `/containers/${Id}/json`)).json.NetworkSettings.Networks.mine;
    expect(await settings()).toBeUndefined();
    expect((await connect("mine", { MacAddress: "02:42:ac:11:00:99" })).status).toBe(200);
    expect((await settings()).MacAddress).toBe("02:42:ac:11:00:99");
  });
});

describe("mounts", () => {
  test.each<[object, string]>([
    [
      host({ Binds: ["/tmp:/proc"] }),
      'error mounting "/tmp" to rootfs at "/proc": "/proc" cannot be mounted because it is not of type proc',
    ],
    [
      host({ Binds: ["/tmp:/proc//sys"] }),
      'error mounting "/tmp" to rootfs at "/proc/sys": "/proc/sys" cannot be mounted because it is inside /proc',
    ],
    [
      host({ Binds: ["data:/proc/x"] }),
      'error mounting "data" to rootfs at "/proc/x": "/proc/x" cannot be mounted because it is inside /proc',
    ],
    [
      host({ Tmpfs: { "/proc/": "" } }),
      'error mounting "tmpfs" to rootfs at "/proc": "/proc" cannot be mounted because it is not of type proc',
    ],
    [
      host({ Mounts: [{ Type: "tmpfs", Target: "/proc" }] }),
      'error mounting "tmpfs" to rootfs at "/proc": "/proc" cannot be mounted because it is not of type proc',
    ],
    [
      host({ Binds: ["data:/m:shared"] }),
      "invalid volume specification: 'data:/m:shared': invalid mount config for type \"volume\": field " +
        "BindOptions must not be specified",
    ],
    [
      host({ Binds: ["/tmp:/m:nocopy"] }),
      "invalid volume specification: '/tmp:/m:nocopy': invalid mount config for type \"bind\": field " +
        "VolumeOptions must not be specified",
    ],
    [host({ Tmpfs: { "/m": "foo=bar" } }), 'invalid tmpfs option "foo"'],
  ])("%j", async (body, message) => {
    expect((await create(body)).json).toEqual({ message });
  });
  test("a volume that an image declares over /proc", async () => {
    const { Id } = (await create({})).json;
    await daemon.api("POST", `/commit?container=${Id}&repo=overproc&changes=${encodeURIComponent("VOLUME /proc")}`);
    expect((await create({ Image: "overproc" })).json.message).toEndWith(
      '"/proc" cannot be mounted because it is not of type proc',
    );
  });
  test("what programs put over single files of /proc, and /proc over /proc, stay", async () => {
    for (const body of [
      host({ Binds: ["/etc/hostname:/proc/uptime", "/proc:/host/proc:ro"] }),
      host({ Binds: ["/proc:/proc"] }),
    ]) {
      const { Id } = (await create(body)).json;
      expect((await daemon.api("POST", `/containers/${Id}/start`)).status).toBe(204);
      expect((await daemon.api("POST", `/containers/${Id}/wait`)).json.StatusCode).toBe(0);
    }
  });
});

describe("the rest", () => {
  test.each<[object, string]>([
    [host({ Sysctls: { "foo.bar": "1" } }), 'sysctl "foo.bar" is not in a separate kernel namespace'],
    [
      host({ NetworkMode: "host", Sysctls: { "net.ipv4.ip_forward": "1" } }),
      'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
    ],
    [
      host({ IpcMode: "host", Sysctls: { "kernel.shmmax": "1" } }),
      'sysctl "kernel.shmmax" is not allowed in the hosts ipc namespace',
    ],
    [host({ Isolation: "hyperv" }), "invalid isolation (hyperv): linux only supports 'default'"],
    [
      host({ SecurityOpt: ['seccomp={"a":}'] }),
      "Decoding seccomp profile failed: invalid character '}' looking for beginning of value",
    ],
  ])("%j", async (body, message) => {
    expect((await create(body)).json).toEqual({ message });
  });
  test("detach keys", async () => {
    const { Id } = (await create({ Cmd: ["sleep", "100"] })).json;
    await daemon.api("POST", `/containers/${Id}/start`);
    for (const keys of ["ctrl-A", "ctrl-", "ctrl-ab", "é"]) {
      const attach = await daemon.api("POST", `/containers/${Id}/attach?detachKeys=${encodeURIComponent(keys)}`);
      expect([attach.status, attach.text.trim()]).toEqual([400, `Invalid detach keys (${keys}) provided`]);
      expect(
        (await daemon.api("POST", `/containers/${Id}/exec`, { Cmd: ["true"], DetachKeys: keys })).json.message,
      ).toBe(`Invalid escape keys (${keys}) provided`);
    }
    expect(
      (await daemon.api("POST", `/containers/${Id}/exec`, { Cmd: ["true"], DetachKeys: "ctrl-a,b,ctrl-\\" })).status,
    ).toBe(201);
  });
});

test("and every list is still to be read by a client in Go", async () => {
  await daemon.ok("ps", "-a");
  await daemon.ok("inspect", ...(await daemon.ok("ps", "-aq")).split("\n"));
});
