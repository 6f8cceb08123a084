import { describe, expect, test } from "bun:test";
import { elementMessages, elementText } from "./elements.ts";
import { wholeTable } from "./ruleset.ts";

const port = {
  protocol: "tcp",
  hostIp: "0.0.0.0",
  hostPort: 8080,
  count: 1,
  target: "172.17.0.2",
  targetPort: 80,
  guarded: false,
};

describe("published ports in the firewall", () => {
  test.each([
    ["one port", port, "add element inet t pub4 { tcp . 8080 : 172.17.0.2 . 80 }\n"],
    [
      "one port of one address",
      { ...port, hostIp: "127.0.0.1" },
      "add element inet t at4 { 127.0.0.1 . tcp . 8080 : 172.17.0.2 . 80 }\n",
    ],
    [
      "a range that stays",
      { ...port, hostPort: 80, count: 11 },
      "add element inet t pub4_range { tcp . 80-90 : 172.17.0.2 }\n",
    ],
    [
      "a range that moves",
      { ...port, count: 2 },
      "add element inet t pub4 { tcp . 8080 : 172.17.0.2 . 80, tcp . 8081 : 172.17.0.2 . 81 }\n",
    ],
    [
      "IPv6",
      { ...port, hostIp: "::", target: "fd00::2" },
      "add element inet t pub6 { tcp . 8080 : fd00::2 . 80 }\nadd element inet t relay_loopback { tcp . 8080 }\n" +
        "add element inet t relay_link { tcp . 8080 }\n",
    ],
    [
      "IPv6 for a container without",
      { ...port, hostIp: "::", target: "", count: 3 },
      "add element inet t relay { tcp . 8080-8082 }\n",
    ],
    [
      "one that the machine's own rules guard",
      { ...port, guarded: true, count: 2 },
      "add element inet t pub4 { tcp . 8080 : 172.17.0.2 . 80, tcp . 8081 : 172.17.0.2 . 81 }\nadd element " +
        "inet t guarded4 { 0.0.0.0-255.255.255.255 . tcp . 8080-8081 }\n",
    ],
    [
      "a guarded one of one address",
      { ...port, guarded: true, hostIp: "fd00::1", target: "" },
      "add element inet t relay_at { fd00::1 . tcp . 8080 }\nadd element inet t guarded6 { fd00::1 . tcp . 8080 }\n",
    ],
    [
      "the same at one address",
      { ...port, hostIp: "fd00::1", target: "" },
      "add element inet t relay_at { fd00::1 . tcp . 8080 }\n",
    ],
  ])("%s", (_, element, words) => expect(elementText("inet t", [element])).toBe(words));

  test("bytes for the kernel: a transaction around one message a map", () => {
    const messages = elementMessages("t", [port], [{ ...port, hostPort: 1000, count: 2500 }]);
    // Begin, one to delete, three to add (a thousand elements each at most), end.
    expect(messages.map(({ type }) => type & 255)).toEqual([16, 14, 12, 12, 12, 17]);
    expect(messages[1]?.attributes.at(-1)).toEqual([3, [[1, [[1, [[1, Buffer.from("060000001f900000", "hex")]]]]]]]);
  });

  test("the table holds networks and ports at once", () => {
    const text = wholeTable("abc", {
      networks: [
        {
          bridge: "b0",
          subnets4: ["10.0.0.0/24"],
          subnets6: [],
          internal: false,
          icc: true,
          mode4: "nat",
          mode6: "nat",
          trusted: [],
          source4: "masquerade",
          source6: "masquerade",
        },
      ],
      ports: [port],
      ingress: null,
      relay: { tcp: 9, udp: 0 },
    });
    for (const line of [
      'add element inet berth_abc same { "b0" . "b0" }',
      'add element inet berth_abc subnets4 { "b0" . 10.0.0.0/24 }',
      "add element inet berth_abc masquerade4 { 10.0.0.0/24 }",
      "dnat to :9",
      "add element inet berth_abc pub4 { tcp . 8080 : 172.17.0.2 . 80 }",
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toContain("redirect to :0");
    expect(text).not.toContain("masquerade6 {  }");
  });
});
