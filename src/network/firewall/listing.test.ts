import { describe, expect, test } from "bun:test";
import { administratorPart } from "./administrator.ts";
import { closedAt, parseListing } from "./listing.ts";

describe("where a chain of iptables ends", () => {
  test.each([
    ["nothing ends it", "-P FORWARD ACCEPT\n-A FORWARD -i a -j DROP\n", null],
    ["its policy", "-P FORWARD DROP\n-A FORWARD -i a -j ACCEPT\n", 1],
    [
      "a rule without conditions",
      "-P FORWARD ACCEPT\n-A FORWARD -i a -j ACCEPT\n-A FORWARD -j REJECT --reject-with icmp-host-prohibited\n",
      1,
    ],
    [
      "a chain that ends, whatever its policy",
      "-P FORWARD DROP\n-N other\n-A FORWARD -j other\n-A FORWARD -i b -j ACCEPT\n-A other -i a -j ACCEPT\n-A " +
        "other -g last\n-N last\n-A last -j DROP\n",
      0,
    ],
    ["a chain that gives back", "-P FORWARD ACCEPT\n-N other\n-A FORWARD -j other\n-A other -i a -j DROP\n", null],
    ["a circle", "-P FORWARD ACCEPT\n-N other\n-A FORWARD -j other\n-A other -j other\n", null],
    ["no such chain", "", null],
  ])("%s", (_, listing, place) => expect(closedAt(parseListing(listing), "FORWARD")).toBe(place));
});

test("the administrator's part of the table is all that is not the engine's and not empty", () => {
  const block = (head: string, body: string) => `\t${head} {\n${body}\t}\n`;
  const user = block("chain user", "\t\tip saddr { 10.0.0.1,\n\t\t\t     10.0.0.2 } drop\n");
  const own = block("set allowed", "\t\ttype ipv4_addr\n");
  const listing =
    `table inet berth_x {\n${block("map pub4", "\t\ttype inet_proto\n")}\n${own}\n${user}\n` +
    `${block("chain forward", "\t\tjump user\n")}\n${block("chain empty", "")}}\n`;
  expect(administratorPart(listing)).toBe(own + user);
});
