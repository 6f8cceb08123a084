import { describe, expect, test } from "bun:test";
import { extraHostsEntries, hostsFile, hostsFileOfHost, ownNames } from "./hosts.ts";
import { formatResolvConf, mergeResolvConf, parseResolvConf, throughEmbedded, withoutLoopback } from "./resolv-conf.ts";

describe("resolv.conf", () => {
  const host = parseResolvConf("# made by hand\nnameserver 127.0.0.53\nnameserver 10.0.0.1 ; mine\nsearch a.example\nsearch b.example c.example\noptions edns0 trust-ad\n");

  test("is read", () => expect(host).toEqual({ servers: ["127.0.0.53", "10.0.0.1"], search: ["b.example", "c.example"], options: ["edns0", "trust-ad"] }));
  test("the host's loopback is not the container's", () => {
    expect(withoutLoopback(host).servers).toEqual(["10.0.0.1"]);
    expect(withoutLoopback({ servers: ["127.0.0.1", "::1"], search: [], options: [] }).servers).toEqual(["8.8.8.8", "8.8.4.4"]);
  });
  test("with the engine's own name service", () => {
    expect(formatResolvConf(throughEmbedded(host))).toBe("nameserver 127.0.0.11\nsearch b.example c.example\noptions edns0 trust-ad ndots:0\n");
    expect(throughEmbedded({ servers: [], search: [], options: ["ndots:2"] }).options).toEqual(["ndots:2"]);
  });
  test("what was chosen wins, list by list; a dot searches nothing", () => {
    expect(mergeResolvConf({ servers: ["1.1.1.1"], search: ["."], options: [] }, host)).toEqual({ servers: ["1.1.1.1"], search: [], options: ["edns0", "trust-ad"] });
  });
});

describe("hosts", () => {
  test("extra hosts in all their forms", () => {
    expect(extraHostsEntries(["db:10.0.0.9", "six=[fd00::1]", "seven:fd00:0::2", "gw:host-gateway"], ["172.17.0.1", "fd00::ff"])).toEqual([
      { ip: "10.0.0.9", names: ["db"] }, { ip: "fd00::1", names: ["six"] }, { ip: "fd00::2", names: ["seven"] },
      { ip: "172.17.0.1", names: ["gw"] }, { ip: "fd00::ff", names: ["gw"] },
    ]);
    expect(() => extraHostsEntries(["nothing"], [])).toThrow('bad format for add-host: "nothing"');
    expect(() => extraHostsEntries(["a:b"], [])).toThrow('invalid IP address in add-host: "b"');
    expect(() => extraHostsEntries(["a:host-gateway"], [])).toThrow("unable to derive the IP value for host-gateway");
  });
  test("the file", () => {
    const file = hostsFile([{ ip: "172.17.0.2", names: ownNames("web", "example.org") }]);
    expect(file).toStartWith("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    expect(file).toEndWith("ff02::2\tip6-allrouters\n172.17.0.2\tweb.example.org web\n");
    expect(hostsFileOfHost("127.0.0.1 localhost", [{ ip: "10.0.0.1", names: ["a"] }])).toBe("127.0.0.1 localhost\n10.0.0.1\ta\n");
  });
  test("own names", () => {
    expect(ownNames("", "x")).toEqual([]);
    expect(ownNames("web", "")).toEqual(["web"]);
    expect(ownNames("web.example", "")).toEqual(["web.example", "web"]);
  });
});
