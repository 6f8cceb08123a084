import { expect, test } from "bun:test";
import { exposedPorts } from "./port.ts";

test.each<[string, string[] | null]>([
  ["80", ["80/tcp"]],
  ["80/TCP", ["80/tcp"]],
  ["53/udp", ["53/udp"]],
  ["8000-8002", ["8000/tcp", "8001/tcp", "8002/tcp"]],
  ["8000-8001/udp", ["8000/udp", "8001/udp"]],
  ["7-7/tcp", ["7/tcp"]],
  ["65535-65536", null],
  ["9-8", null],
  ["1-2/icmp", null],
  ["-1", null],
  ["1-", null],
  ["http", null],
])("%s", (text, ports) => {
  expect(exposedPorts(text)).toEqual(ports);
});
