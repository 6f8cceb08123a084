import { expect, test } from "bun:test";
import { formatIp, parseIp } from "../../lib/ip.ts";
import { emptyNetwork } from "../predefined.ts";
import { lookUpOn } from "./lookup.ts";
import { type Query, recordClass, recordType } from "./message.ts";
import type { NetworkResolver } from "./resolver.ts";

const known: Record<string, { ipv4?: string; ipv6?: string }[]> = {
  "front/web": [{ ipv4: "10.0.0.2", ipv6: "fd00::2" }],
  "front/twice": [{ ipv4: "10.0.0.3" }, { ipv4: "10.0.0.4" }],
  "back/db": [{ ipv4: "10.0.1.2" }],
  "back/web": [{ ipv4: "10.0.1.3" }],
};
const resolver: NetworkResolver = {
  byName: ({ Name }, name) =>
    (known[`${Name}/${name}`] ?? []).map(({ ipv4 = "", ipv6 = "" }) => ({ ipv4: parseIp(ipv4), ipv6: parseIp(ipv6) })),
  nameOf: ({ Name }, ip) => (Name === "back" && ip.value === parseIp("10.0.1.2")?.value ? "db" : null),
};
const on = (Name: string, Links: string[] = []) => ({
  network: emptyNetwork(Name, "bridge"),
  endpoint: {
    id: Name,
    networkId: Name,
    containerId: "c",
    interfaceName: "eth0",
    mac: "",
    ipv4: "",
    ipv6: "",
    settings: { Links },
    names: [],
  },
});
const ask = (name: string, type: number = recordType.A): Query => ({
  id: 1,
  name,
  type,
  class: recordClass.IN,
  recursionDesired: true,
  maxUdpSize: 512,
  question: new Uint8Array(),
});
const networks = [on("front", ["db:web", "web:alias"]), on("back")];
const ips = (name: string, type?: number) =>
  lookUpOn(resolver, networks, ask(name, type))
    ?.flatMap((answer) => (answer.type === "address" ? [answer.ip] : []))
    .map(formatIp)
    .sort();

test("a name is the resolver's to know: first network first, then with the network's name behind", () => {
  expect(ips("WEB")).toEqual(["10.0.0.2"]);
  expect(ips("web", recordType.AAAA)).toEqual(["fd00::2"]);
  expect(ips("db", recordType.AAAA)).toEqual([]);
  expect(ips("twice")).toEqual(["10.0.0.3", "10.0.0.4"]);
  expect(ips("web.back")).toEqual(["10.0.1.3"]);
  expect(ips("nobody")).toBeUndefined();
});

test("a container's own links come first", () => expect(ips("alias")).toEqual(["10.0.0.2"]));

test("an address leads back to a name with its network", () => {
  expect(lookUpOn(resolver, networks, ask("2.1.0.10.in-addr.arpa", recordType.PTR))).toEqual([
    { type: "name", name: "db.back" },
  ]);
  expect(lookUpOn(resolver, networks, ask("9.1.0.10.in-addr.arpa", recordType.PTR))).toBe(null);
});
