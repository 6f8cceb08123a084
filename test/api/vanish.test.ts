import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Daemon, until } from "../harness.ts";
import { RawConnection } from "./raw.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
  await daemon.ok("run", "-d", "--name", "target", "busybox", "sh", "-c", "while true; do echo line; sleep 0.1; done");
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

/** Descriptors and threads of the daemon, files that are being made. */
const held = () => ({
  descriptors: readdirSync(`/proc/${daemon.pid}/fd`).length,
  scratch: readdirSync(join(daemon.dataRoot, "tmp"), { recursive: true }).filter((name) => String(name).includes("-"))
    .length,
});

/** Does it some times, then waits for everything to be as it was after the first time. */
async function leavesNothing(act: () => Promise<void>): Promise<void> {
  await act();
  await Bun.sleep(300);
  const before = held();
  for (let i = 0; i < 8; i++) await act();
  await until("everything to be given back", () => {
    const now = held();
    return now.descriptors <= before.descriptors && now.scratch <= before.scratch;
  });
  expect(daemon.log()).not.toContain("uncaught");
  expect(daemon.log()).not.toContain("unhandled");
}

test.each([
  ["PUT", "/containers/target/archive?path=/tmp"],
  ["POST", "/images/load"],
  ["POST", "/build?t=x"],
  ["POST", "/images/create?fromSrc=-&repo=x"],
  ["POST", "/containers/create"],
])("amid the body of %s %s", (method, path) =>
  leavesNothing(async () => {
    using connection = new RawConnection(daemon.socket);
    connection.request(method, path, {
      headers: {
        "Transfer-Encoding": "chunked",
        "Content-Type": path.endsWith("create") ? "application/json" : "application/x-tar",
      },
    });
    connection.send(`8000\r\n${"\0".repeat(1000)}`);
    await Bun.sleep(20);
  }),
);

test.each([
  ["GET", "/containers/target/logs?follow=1&stdout=1"],
  ["GET", "/containers/target/stats"],
  ["GET", "/events"],
  ["POST", "/containers/target/wait"],
  ["GET", "/containers/target/export"],
  ["GET", "/containers/target/archive?path=/"],
  ["GET", "/images/get?names=busybox"],
])("amid the answer of %s %s", (method, path) =>
  leavesNothing(async () => {
    using connection = new RawConnection(daemon.socket);
    connection.request(method, path);
    expect((await connection.head()).status).toBe(200);
  }),
);

test("half a body and then its end is an error", async () => {
  using connection = new RawConnection(daemon.socket);
  connection.request("PUT", "/containers/target/archive?path=/tmp", {
    headers: { "Content-Length": "1000", "Content-Type": "application/x-tar" },
  });
  connection.send("x".repeat(100));
  // The end of the half-sent body is another segment, and comes when the engine is at work.
  await Bun.sleep(50);
  connection.socket.end();
  const answer = await connection.answer();
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(JSON.parse(String(answer.body))).toEqual({ message: "unexpected EOF" });
});
