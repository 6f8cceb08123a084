import { describe, expect, test } from "bun:test";
import { compress, parsePort, planPorts, portMap } from "./plan.ts";

const everywhere = ["0.0.0.0", "::"];

describe("what is asked for", () => {
  test("fixed ports before free ones, addresses filled in", () => {
    expect(
      planPorts(
        {
          "80/tcp": [{ HostPort: "" }],
          "443/tcp": [{ HostIp: "127.0.0.1", HostPort: "8443" }],
          "53/udp": [{ HostPort: "5300-5310" }],
        },
        [],
        false,
        everywhere,
      ),
    ).toEqual([
      { protocol: "udp", containerPort: 53, hostIps: everywhere, first: 5300, last: 5310 },
      { protocol: "tcp", containerPort: 443, hostIps: ["127.0.0.1"], first: 8443, last: 8443 },
      { protocol: "tcp", containerPort: 80, hostIps: everywhere, first: 0, last: 0 },
    ]);
  });
  test("all exposed ports, each once", () => {
    const ports = planPorts(
      { "80/tcp": [{ HostPort: "8080" }], "81/tcp": [] },
      ["80", "81/tcp", "82/udp"],
      true,
      everywhere,
    );
    expect(ports.map(({ containerPort, first }) => [containerPort, first])).toEqual([
      [80, 8080],
      [81, 0],
      [82, 0],
    ]);
    expect(planPorts(null, ["80/tcp"], false, everywhere)).toEqual([]);
  });
  test("IPv6 addresses with and without brackets", () => {
    for (const HostIp of ["[::1]", "::1", "0:0:0:0:0:0:0:1"])
      expect(planPorts({ "80/tcp": [{ HostIp }] }, [], false, everywhere)[0]?.hostIps).toEqual(["::1"]);
  });
  test.each([
    ["80/icmp", {}, "invalid proto"],
    ["x/tcp", {}, "invalid container port"],
    ["80/tcp", { HostPort: "90-80" }, "invalid port specification"],
    ["80/tcp", { HostPort: "99999" }, "invalid port specification"],
    ["80/tcp", { HostIp: "host" }, "invalid IP address: host"],
  ])("%s %o is refused", (key, binding, words) =>
    expect(() => planPorts({ [key]: [binding] }, [], false, everywhere)).toThrow(words),
  );
  test("the protocol may be left out", () => expect(parsePort("80")).toEqual({ containerPort: 80, protocol: "tcp" }));
});

describe("what was given", () => {
  const grant = (containerPort: number, hostPort: number, hostIps = everywhere, protocol = "tcp") => ({
    protocol,
    containerPort,
    hostPort,
    hostIps,
  });

  test("neighbours become ranges", () => {
    const ranges = compress([grant(81, 8081), grant(80, 8080), grant(90, 8082), grant(53, 53, ["127.0.0.1"], "udp")]);
    expect(ranges).toEqual([
      { protocol: "tcp", hostIp: "0.0.0.0", hostPort: 8080, containerPort: 80, count: 2 },
      { protocol: "tcp", hostIp: "0.0.0.0", hostPort: 8082, containerPort: 90, count: 1 },
      { protocol: "tcp", hostIp: "::", hostPort: 8080, containerPort: 80, count: 2 },
      { protocol: "tcp", hostIp: "::", hostPort: 8082, containerPort: 90, count: 1 },
      { protocol: "udp", hostIp: "127.0.0.1", hostPort: 53, containerPort: 53, count: 1 },
    ]);
    expect(portMap(ranges, ["80/tcp", "99"])).toEqual({
      "80/tcp": [
        { HostIp: "0.0.0.0", HostPort: "8080" },
        { HostIp: "::", HostPort: "8080" },
      ],
      "81/tcp": [
        { HostIp: "0.0.0.0", HostPort: "8081" },
        { HostIp: "::", HostPort: "8081" },
      ],
      "90/tcp": [
        { HostIp: "0.0.0.0", HostPort: "8082" },
        { HostIp: "::", HostPort: "8082" },
      ],
      "53/udp": [{ HostIp: "127.0.0.1", HostPort: "53" }],
      "99/tcp": null,
    });
  });
});
