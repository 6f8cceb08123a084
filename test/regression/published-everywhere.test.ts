import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { run } from "../../src/lib/run.ts";
import { createNetwork } from "../../src/network/create.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { freePort } from "../harness.ts";
import { TestNetworks, until } from "../network/harness.ts";
import { fetchText, httpServer } from "../network/http.ts";
import { outsideMachine } from "../network/outside.ts";
import { askUdp, udpServer } from "../network/udp.ts";

/** A port published on every address answers on every address, whatever families the container has. */
setDefaultTimeout(60_000);
let networks: TestNetworks;
let outside: Awaited<ReturnType<typeof outsideMachine>>;
/** The host's address on the cable that every IPv6 link has. */
let linkLocal = "";
beforeAll(async () => {
  networks = await TestNetworks.start();
  outside = await outsideMachine(`xe${networks.instance}`, 1 + (process.pid % 250));
  await until(async () => {
    const { stdout } = await run([
      "ip",
      "-6",
      "-o",
      "address",
      "show",
      "dev",
      `onxe${networks.instance}`,
      "scope",
      "link",
      "-tentative",
    ]);
    linkLocal = /inet6 (fe80:[^/]*)/.exec(stdout)?.[1] ?? "";
    return linkLocal !== "";
  });
  await createNetwork(networks.deps, { Name: "dual", EnableIPv6: true });
  await createNetwork(networks.deps, { Name: "six", EnableIPv6: true, EnableIPv4: false });
});
afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  await networks[Symbol.asyncDispose]();
});

const places = (): [who: string, path: string | null, address: string][] => [
  ["the host, 127.0.0.1", null, "127.0.0.1"],
  ["the host, ::1", null, "::1"],
  ["the host, its own IPv4 address", null, outside.hostIp],
  ["the host, its own IPv6 address", null, outside.hostIp6],
  ["outside, IPv4", outside.path, outside.hostIp],
  ["outside, IPv6", outside.path, outside.hostIp6],
  ["the host, its link-local address", null, `${linkLocal}%onxe${networks.instance}`],
  ["outside, link-local", outside.path, `${linkLocal}%ofxe${networks.instance}`],
];

const families: [networkMode: string, listen: string, reached: (address: string) => boolean][] = [
  ["bridge", "0.0.0.0", () => true],
  ["dual", "::", () => true],
  ["six", "::", (address) => address.includes(":")],
];

describe.each(families)("a container on network %s", (networkMode, listen, reached) => {
  const expected = (word: string) =>
    Object.fromEntries(places().map(([who, , address]) => [who, reached(address) ? word : ""]));

  test("tcp", async () => {
    const port = freePort();
    const a = await networks.setUp({ networkMode, portBindings: { "80/tcp": [{ HostPort: String(port) }] } });
    await using _web = await httpServer(a.path, 80, "web", listen);
    const answers: Record<string, string> = {};
    for (const [who, path, address] of places())
      answers[who] = await fetchText(
        path,
        `http://${address.includes(":") ? `[${address.replace("%", "%25")}]` : address}:${port}/`,
      );
    expect(answers).toEqual(expected("web"));
    await tearDownSandbox(networks.deps, a.id);
  });

  test("udp", async () => {
    const port = freePort();
    const a = await networks.setUp({ networkMode, portBindings: { "53/udp": [{ HostPort: String(port) }] } });
    await using _echo = await udpServer(a.path, 53, "echo", listen);
    const answers: Record<string, string> = {};
    const others = askUdp(outside.path, `${linkLocal}%ofxe${networks.instance}`, port, 0, outside.ip6);
    await Promise.all(
      places().map(async ([who, path, address]) => void (answers[who] = await askUdp(path, address, port, 0))),
    );
    expect(answers).toEqual(expected("echo"));
    // A link's address, from one that is of no link: as a machine asks whose own is not known to be its alone yet.
    expect(await others).toBe(reached(linkLocal) ? "echo" : "");
    await tearDownSandbox(networks.deps, a.id);
  });
});

test("a client that sends several datagrams at once, to several ports, gets each one's answer", async () => {
  const [first, second] = [freePort(), freePort()];
  const a = await networks.setUp({
    portBindings: { "53/udp": [{ HostPort: String(first) }], "54/udp": [{ HostPort: String(second) }] },
  });
  await using _one = await udpServer(a.path, 53, "one");
  await using _two = await udpServer(a.path, 54, "two");
  const script = `import { createSocket } from "node:dgram";
    const socket = createSocket("udp6");
    const got = [];
    const end = (text) => { console.log(text + got.sort().join()); process.exit(0); };
    socket.on("message", (data, from) => { if (got.push(from.port + data) === 8) end(""); });
    const ports = [${first}, ${second}];
    socket.bind(0, () => { for (let n = 0; n < 4; n++) for (const port of ports) socket.send("?", port, "::1"); });
    setTimeout(() => end("only "), 5000);`;
  const expected = [`${first}one`, `${second}two`]
    .flatMap((answer) => [answer, answer, answer, answer])
    .sort()
    .join();
  expect((await run([process.execPath, "-e", script])).stdout.trim()).toBe(expected);
  await tearDownSandbox(networks.deps, a.id);
});
