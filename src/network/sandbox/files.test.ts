import { describe, expect, test } from "bun:test";
import {
  extraHostsEntries,
  hostsFile,
  hostsFileOfHost,
  ownNames,
  withChanges,
  withLinks,
  withoutLink,
} from "./hosts.ts";
import { formatResolvConf, mergeResolvConf, parseResolvConf, throughEmbedded, withoutLoopback } from "./resolv-conf.ts";

describe("resolv.conf", () => {
  const host = parseResolvConf(
    "# made by hand\nnameserver 127.0.0.53\nnameserver 10.0.0.1 ; mine\nsearch a.example\nsearch b.example " +
      "c.example\noptions edns0 trust-ad\n",
  );

  test("is read", () =>
    expect(host).toEqual({
      servers: ["127.0.0.53", "10.0.0.1"],
      search: ["b.example", "c.example"],
      options: ["edns0", "trust-ad"],
    }));
  test("the host's loopback is not the container's", () => {
    expect(withoutLoopback(host).servers).toEqual(["10.0.0.1"]);
    expect(withoutLoopback({ servers: ["127.0.0.1", "::1"], search: [], options: [] }).servers).toEqual([
      "8.8.8.8",
      "8.8.4.4",
    ]);
  });
  test("with the engine's own name service", () => {
    expect(formatResolvConf(throughEmbedded(host))).toBe(
      "nameserver 127.0.0.11\nsearch b.example c.example\noptions edns0 trust-ad ndots:0\n",
    );
    const options = (...options: string[]) => throughEmbedded({ servers: [], search: [], options }).options;
    expect(options("ndots:2")).toEqual(["ndots:2"]);
    expect(options("rotate", "ndots:", "ndots", "ndots:-1", "ndots:x")).toEqual(["rotate", "ndots:0"]);
    expect(options("ndots:+3", "ndots:x", "ndots:99999")).toEqual(["ndots:+3", "ndots:99999"]);
  });
  test("what was chosen wins, list by list; a dot searches nothing", () => {
    const daemon = { servers: ["9.9.9.9"], search: ["corp.example"], options: [] };
    expect(mergeResolvConf({ servers: ["1.1.1.1"], search: ["."], options: [] }, daemon, host)).toEqual({
      servers: ["1.1.1.1"],
      search: [],
      options: ["edns0", "trust-ad"],
    });
    expect(mergeResolvConf({ servers: [], search: [".", "a.b"], options: [] }, daemon, host)).toEqual({
      servers: ["9.9.9.9"],
      search: ["a.b"],
      options: ["edns0", "trust-ad"],
    });
  });
});

describe("hosts", () => {
  test("extra hosts in all their forms", () => {
    expect(
      extraHostsEntries(
        ["db:10.0.0.9", "six=[fd00::1]", "seven:fd00:0::2", "gw:host-gateway"],
        ["172.17.0.1", "fd00::ff"],
      ),
    ).toEqual([
      { ip: "10.0.0.9", names: ["db"] },
      { ip: "fd00::1", names: ["six"] },
      { ip: "fd00::2", names: ["seven"] },
      { ip: "172.17.0.1", names: ["gw"] },
      { ip: "fd00::ff", names: ["gw"] },
    ]);
    expect(() => extraHostsEntries(["nothing"], [])).toThrow('bad format for add-host: "nothing"');
    expect(() => extraHostsEntries(["a:b"], [])).toThrow('invalid IP address in add-host: "b"');
    expect(() => extraHostsEntries(["a:host-gateway"], [])).toThrow("unable to derive the IP value for host-gateway");
  });
  test("the file", () => {
    const file = hostsFile([{ ip: "172.17.0.2", names: ownNames("web", "example.org") }]);
    expect(file).toStartWith("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    expect(file).toEndWith("ff02::2\tip6-allrouters\n172.17.0.2\tweb.example.org web\n");
    expect(hostsFileOfHost("127.0.0.1 localhost", [{ ip: "10.0.0.1", names: ["a"] }])).toBe(
      "127.0.0.1 localhost\n10.0.0.1\ta\n",
    );
  });
  test("changes of the engine's part leave the rest", () => {
    const [a, b, c] = [
      { ip: "10.0.0.1", names: ["web.example", "web"] },
      { ip: "10.0.0.2", names: ["web"] },
      { ip: "10.0.0.3", names: ["web"] },
    ];
    const text = "127.0.0.1\tlocalhost\n10.0.0.1\tweb.example web\n10.0.0.1 mine\n10.0.0.2 web\n10.0.0.3 web";
    expect(withChanges(text, [a, b], [b, c])).toBe(
      "127.0.0.1\tlocalhost\n10.0.0.1 mine\n10.0.0.2 web\n10.0.0.3 web\n10.0.0.3\tweb\n",
    );
    expect(withChanges(text, [a, b], [a, b])).toBe(text);
    expect(withChanges(text, [b], [])).toBe(text.replace("10.0.0.2 web\n", ""));
  });
  describe("lines of links", () => {
    const text = "9.9.9.9\tdb\n10.0.0.2\tdb h app\nfd00::2\tdb h app\n10.0.0.3\tdb2 h app\n10.0.0.4 db hh\nmine";
    test("learn new addresses, each of its family", () => {
      expect(withLinks(text, [{ ip: "10.0.0.9", names: ["db", "h", "renamed"] }])).toBe(
        text.replace("10.0.0.2", "10.0.0.9"),
      );
      expect(withLinks(text, [{ ip: "fd00::9", names: ["db", "h", "app"] }])).toBe(text.replace("fd00::2", "fd00::9"));
    });
    test("come last where they are missing", () => {
      expect(
        withLinks("mine", [
          { ip: "10.0.0.9", names: ["db", "h"] },
          { ip: "fd00::9", names: ["db", "h"] },
        ]),
      ).toBe("mine\n10.0.0.9\tdb h\nfd00::9\tdb h\n");
      expect(withLinks("", [])).toBe("");
    });
    test("go, and no others with them", () => {
      expect(withoutLink(text, "db", "h")).toBe("9.9.9.9\tdb\n10.0.0.3\tdb2 h app\n10.0.0.4 db hh\nmine");
      expect(withoutLink("10.0.0.2\ta b h\n10.0.0.2\th h\n", "a b", "h")).toBe("10.0.0.2\th h\n");
    });
  });
  test("own names", () => {
    expect(ownNames("", "x")).toEqual([]);
    expect(ownNames("web", "")).toEqual(["web"]);
    expect(ownNames("web.example", "")).toEqual(["web.example", "web"]);
  });
});
