/**
 * Name servers, search domains and options are those that somebody asked for, and asked where the container would ask
 * them itself.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { join } from "node:path";
import { parseResolvConf, type ResolvConf } from "../../src/network/sandbox/resolv-conf.ts";
import { Daemon, until } from "../harness.ts";

/** What a container on a network reads in its resolv.conf. */
async function read(daemon: Daemon, NetworkMode: string, settings: object): Promise<ResolvConf> {
  const { Id } = (
    await daemon.api("POST", "/containers/create", {
      Image: "busybox",
      Cmd: ["cat", "/etc/resolv.conf"],
      HostConfig: { NetworkMode, ...settings },
    })
  ).json;
  return parseResolvConf(await daemon.ok("start", "-a", Id));
}

type Case = [settings: object, wanted: Partial<ResolvConf>];

const asChosen: Case[] = [
  [{ Dns: ["127.0.0.1"] }, { servers: ["127.0.0.1"] }],
  [{ Dns: ["::1"] }, { servers: ["::1"] }],
  [{ Dns: ["127.0.0.1", "1.1.1.1"] }, { servers: ["127.0.0.1", "1.1.1.1"] }],
  [{ Dns: ["127.0.0.11"] }, { servers: ["127.0.0.11"] }],
  [{ Dns: ["0.0.0.0"] }, { servers: ["0.0.0.0"] }],
  [
    { Dns: ["1.1.1.1", "1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"] },
    { servers: ["1.1.1.1", "1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"] },
  ],
  [{ DnsOptions: ["ndots:x", "rotate"] }, { options: ["ndots:x", "rotate"] }],
  [{ DnsSearch: ["."] }, { search: [] }],
  [{ DnsSearch: [".", "a.b"] }, { search: ["a.b"] }],
  [
    { Dns: ["127.0.0.1"], DnsSearch: ["x.y"], DnsOptions: ["timeout:1"] },
    { servers: ["127.0.0.1"], search: ["x.y"], options: ["timeout:1"] },
  ],
];

describe("a daemon that says nothing of it", () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await Daemon.start();
    await daemon.ok("network", "create", "mine");
  });
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
  });

  for (const network of ["bridge", "none", "host"]) {
    test.each(asChosen)(`${network}: %j`, async (settings, wanted) => {
      expect(await read(daemon, network, settings)).toMatchObject(wanted);
    });
  }
  test.each<Case>([
    [{}, { options: ["ndots:0"] }],
    [{ Dns: ["127.0.0.1"] }, { options: ["ndots:0"] }],
    [{ DnsOptions: ["ndots:3", "ndots:4", "rotate"] }, { options: ["ndots:3", "ndots:4", "rotate"] }],
    [{ DnsOptions: ["timeout:1"] }, { options: ["timeout:1", "ndots:0"] }],
    [{ DnsOptions: ["ndots:x", "ndots:", "ndots:-1", "rotate"] }, { options: ["rotate", "ndots:0"] }],
    [{ DnsSearch: ["."] }, { search: [], options: ["ndots:0"] }],
    [{ DnsSearch: [".", "a.b"] }, { search: ["a.b"], options: ["ndots:0"] }],
  ])("a network with the engine's name service: %j", async (settings, wanted) => {
    expect(await read(daemon, "mine", settings)).toMatchObject({ servers: ["127.0.0.11"], ...wanted });
  });

  test("a loopback address is the container's own, never the host's", async () => {
    let asked = 0;
    const hosts = createSocket("udp4").on("message", () => void asked++);
    await new Promise<void>((bound) => hosts.bind(53, "127.9.8.7", bound));
    try {
      const id = await daemon.ok("run", "-d", "--network", "mine", "--dns", "127.9.8.7", "busybox", "sleep", "1000");
      const lookUp = () => daemon.docker("exec", id, "nslookup", "-type=a", "example.org");
      expect((await lookUp()).stdout).toContain("SERVFAIL");
      const server = Bun.spawn(
        [
          "nsenter",
          `--net=/proc/${await daemon.ok("inspect", "-f", "{{.State.Pid}}", id)}/ns/net`,
          process.execPath,
          join(import.meta.dir, "../network/dns-upstream.ts"),
          "127.9.8.7",
        ],
        { stdout: "pipe", stderr: "inherit" },
      );
      try {
        await server.stdout.getReader().read();
        await until("an answer from the container's own server", async () =>
          (await lookUp()).stdout.includes("203.0.113.9"),
        );
      } finally {
        server.kill();
        await server.exited;
      }
      expect(asked).toBe(0);
    } finally {
      hosts.close();
    }
  });
});

describe("a daemon that has its own", () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await Daemon.start({
      args: ["--dns", "127.0.0.1", "--dns-search", "corp.example", "--dns-opt", "rotate"],
    });
  });
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
  });

  const own = { servers: ["127.0.0.1"], search: ["corp.example"], options: ["rotate"] };
  for (const network of ["bridge", "none", "host"]) {
    test.each<Case>([
      [{}, own],
      [{ Dns: ["10.0.0.1"] }, { ...own, servers: ["10.0.0.1"] }],
      [{ DnsSearch: ["."] }, { ...own, search: [] }],
      [{ DnsSearch: ["x"] }, { ...own, search: ["x"] }],
      [{ DnsOptions: ["ndots:2"] }, { ...own, options: ["ndots:2"] }],
    ])(`${network}: %j`, async (settings, wanted) => {
      expect(await read(daemon, network, settings)).toEqual({ servers: [], search: [], options: [], ...wanted });
    });
  }
});
