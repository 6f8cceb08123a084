/** Clients that stop reading, or go, while a container writes a lot: bounded memory, nothing stuck, nothing lost. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RawConnection } from "../api/raw.ts";
import { Daemon, until } from "../harness.ts";

const total = 120_000_000;
/** More than this over what the daemon had before would be the output, held in memory. */
const allowance = 60;
/** Keeps all of the output: by default the oldest of more than 100 MB goes. */
const wholeLog = { Type: "local", Config: { "max-size": "300m" } };

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const pid = () => readFileSync(join(daemon.root, "berth.pid"), "utf8").trim();
const megabytes = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid()}/status`, "utf8"))?.[1]) / 1024;
/** Runs `act`; returns the most memory the daemon had meanwhile, over what it had before, in MB. */
async function growth(act: () => Promise<void>): Promise<number> {
  const before = megabytes();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, megabytes());
  }, 20);
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

async function create(body: object = {}): Promise<string> {
  const created = await daemon.api("POST", "/containers/create", {
    Image: "busybox",
    Cmd: ["sh", "-c", `yes ${"0123456789".repeat(100)} | head -c ${total}`],
    HostConfig: { LogConfig: wholeLog },
    ...body,
  });
  expect(created.status).toBe(201);
  return created.json.Id;
}
const start = async (id: string) => expect((await daemon.api("POST", `/containers/${id}/start`)).status).toBe(204);
const state = async (id: string) => (await daemon.api("GET", `/containers/${id}/json`)).json.State;
const exited = (id: string) => until("the container's end", async () => (await state(id)).Status === "exited");
const remove = async (id: string) => expect((await daemon.api("DELETE", `/containers/${id}?force=1`)).status).toBe(204);

/** A connection that reads an answer's head and then nothing more. */
async function stalled(method: string, path: string, headers: Record<string, string> = {}): Promise<RawConnection> {
  const connection = new RawConnection(daemon.socket);
  connection.request(method, path, { headers });
  expect((await connection.head()).status).toBeLessThan(300);
  connection.socket.pause();
  return connection;
}

/** Bytes of output in a stream of frames. */
async function countOutput(path: string): Promise<number> {
  const response = await fetch(`http://d${path}`, { unix: daemon.socket });
  let count = 0;
  let left = 0;
  let header = Buffer.alloc(0);
  for await (const chunk of response.body ?? []) {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const piece = chunk.subarray(at, at + 8 - header.length);
        header = Buffer.concat([header, piece]);
        at += piece.length;
        if (header.length < 8) continue;
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
      } else {
        const size = Math.min(left, chunk.length - at);
        count += size;
        left -= size;
        at += size;
      }
    }
  }
  return count;
}

test("a follower of logs that stands still holds nobody up, and gets all of it when it goes on", async () => {
  const id = await create();
  await start(id);
  const connection = await stalled("GET", `/v1.43/containers/${id}/logs?follow=1&stdout=1`);
  expect(
    await growth(async () => {
      await exited(id);
    }),
  ).toBeLessThan(allowance);
  let received = 0;
  connection.socket.removeAllListeners("data");
  connection.socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  expect(
    await growth(async () => {
      connection.socket.resume();
      await until("the rest", () => received > total);
    }),
  ).toBeLessThan(allowance);
  connection.socket.destroy();
  await remove(id);
});

test("a reader of an attachment that stands still makes the container wait, and lets it go on by leaving", async () => {
  const id = await create();
  const connection = await stalled("POST", `/containers/${id}/attach?stream=1&stdout=1`, {
    Connection: "Upgrade",
    Upgrade: "tcp",
  });
  expect(
    await growth(async () => {
      await start(id);
      await Bun.sleep(1500);
    }),
  ).toBeLessThan(allowance);
  // Others are served meanwhile.
  expect((await daemon.api("GET", "/_ping")).status).toBe(200);
  connection.socket.destroy();
  await exited(id);
  expect((await state(id)).ExitCode).toBe(0);
  expect(await countOutput(`/containers/${id}/logs?stdout=1`)).toBe(total);
  await remove(id);
});

test("a container whose reader stands still can be killed, and its end is known at once", async () => {
  const id = await create();
  using _connection = await stalled("POST", `/containers/${id}/attach?stream=1&stdout=1`, {
    Connection: "Upgrade",
    Upgrade: "tcp",
  });
  await start(id);
  await Bun.sleep(500);
  expect((await daemon.api("POST", `/containers/${id}/kill`)).status).toBe(204);
  await until("the end", async () => (await state(id)).Status === "exited");
  expect((await state(id)).ExitCode).toBe(137);
  await remove(id);
});

test("an exec's reader that stands still does not hold the daemon up, and goes without harm", async () => {
  const id = await create({ Cmd: ["sleep", "1000"] });
  await start(id);
  const exec = await daemon.api("POST", `/containers/${id}/exec`, {
    Cmd: ["sh", "-c", `yes | head -c ${total}`],
    AttachStdout: true,
  });
  const connection = new RawConnection(daemon.socket);
  connection.request("POST", `/exec/${exec.json.Id}/start`, { body: "{}" });
  expect((await connection.head()).status).toBe(200);
  connection.socket.pause();
  expect(await growth(() => Bun.sleep(1000))).toBeLessThan(allowance);
  connection.socket.destroy();
  await until(
    "the exec's end",
    async () => (await daemon.api("GET", `/exec/${exec.json.Id}/json`)).json.Running === false,
  );
  await remove(id);
});

test("a reader of events that stands still gets those it missed", async () => {
  const connection = await stalled("GET", "/events");
  const count = 1500;
  expect(
    await growth(async () => {
      for (let at = 0; at < count; at += 10) {
        await Promise.all(
          Array.from({ length: 10 }, (_, i) => daemon.api("POST", `/images/busybox/tag?repo=slow&tag=t${at + i}`)),
        );
      }
    }),
  ).toBeLessThan(allowance);
  let text = "";
  connection.socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  connection.socket.resume();
  await until("all events", () => text.split('"Action":"tag"').length > count);
  connection.socket.destroy();
});

test("clients that vanish in the middle of it leave nothing behind", async () => {
  const id = await create();
  await start(id);
  for (let round = 0; round < 5; round++) {
    const readers = await Promise.all([
      stalled("GET", `/containers/${id}/logs?follow=1&stdout=1`),
      stalled("GET", "/events"),
      stalled("POST", `/containers/${id}/attach?stream=1&stdout=1`, { Connection: "Upgrade", Upgrade: "tcp" }),
    ]);
    await Bun.sleep(50);
    for (const reader of readers) reader.socket.resetAndDestroy();
  }
  await exited(id);
  expect(await countOutput(`/containers/${id}/logs?stdout=1`)).toBe(total);
  await remove(id);
  expect(daemon.log()).not.toMatch(/uncaught|unhandled/i);
});

test("output that nobody reads ends with the container, with no log and with no daemon", async () => {
  const unlogged = await create({ HostConfig: { LogConfig: { Type: "none", Config: {} } } });
  const logged = await create();
  await start(unlogged);
  await start(logged);
  await daemon.kill();
  await Bun.sleep(1000);
  await daemon.up();
  for (const id of [unlogged, logged]) {
    await exited(id);
    expect((await state(id)).ExitCode).toBe(0);
  }
  expect(await countOutput(`/containers/${logged}/logs?stdout=1`)).toBe(total);
  await remove(unlogged);
  await remove(logged);
});
