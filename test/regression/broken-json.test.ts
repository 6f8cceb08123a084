/**
 * Bodies and parameters that are no JSON, or too much of it, cost their length: nobody else waits, and the memory comes
 * back.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { besideBystander } from "../bystander.ts";
import { Daemon, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start({ images: [] });
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const MB = 1_000_000;
const resident = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))?.[1]) * 1024;
const post = (body: string | ReadableStream) =>
  fetch("http://d/containers/create", {
    unix: daemon.socket,
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });

/** Milliseconds of processor for others while a bystander waits. */
const longest = 100;

/** Statuses of the answers, and what somebody else waits at most meanwhile. */
async function beside(ask: () => Promise<Response>[]): Promise<{ statuses: number[]; held: number }> {
  const { result, held } = await besideBystander(daemon, () => Promise.all(ask()));
  return { statuses: result.map(({ status }) => status), held };
}

test.each([
  ["[", "[".repeat(15 * MB)],
  ["nested objects", '{"a":'.repeat(3 * MB)],
  ["[ within the limit", "[".repeat(4_000_000)],
  ["nested objects within the limit", '{"a":'.repeat(800_000)],
  ["brackets in a string", `{"a":"${"[".repeat(1_000_000)}\\"}`],
])("ten bodies of %s at once", async (_, body) => {
  const before = resident();
  const { statuses, held } = await beside(() => Array.from({ length: 10 }, () => post(body)));
  expect(statuses).toEqual(Array(10).fill(400));
  expect(held).toBeLessThan(longest);
  await until("the memory to come back", () => resident() < before + 200 * MB);
});

test("of an unknown length", async () => {
  const stream = () =>
    new ReadableStream({
      start(controller) {
        for (let i = 0; i < 15; i++) controller.enqueue(Buffer.alloc(MB, "["));
        controller.close();
      },
    });
  const { statuses, held } = await beside(() => Array.from({ length: 5 }, () => post(stream())));
  expect(statuses).toEqual(Array(5).fill(400));
  expect(held).toBeLessThan(longest);
});

test("headers and parameters that hold JSON", async () => {
  const auth = Buffer.from("[".repeat(600_000)).toString("base64url");
  const requests = () => [
    ...Array.from({ length: 5 }, () =>
      fetch("http://d/images/create?fromImage=localhost:1/x", {
        unix: daemon.socket,
        method: "POST",
        headers: { "X-Registry-Auth": auth },
      }),
    ),
    ...Array.from({ length: 5 }, () =>
      fetch(`http://d/containers/json?filters=${"[".repeat(600_000)}`, { unix: daemon.socket }),
    ),
  ];
  const { statuses, held } = await beside(requests);
  expect(statuses.slice(5)).toEqual(Array(5).fill(400));
  expect(held).toBeLessThan(longest);
});
