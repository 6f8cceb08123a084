/** What a client may rely on of the streams of attach and exec: when they begin, what is in them, and when they end. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FrameDecoder } from "../../src/api/stdcopy.ts";
import { RawConnection } from "../api/raw.ts";
import { Daemon, until } from "../harness.ts";

let daemon: Daemon;
let box: string;
/** An exec of a container of the runtime `gated` begins when this file is there. */
let gate: string;
beforeAll(async () => {
  daemon = await Daemon.start();
  const bin = join(daemon.root, "gated");
  gate = join(daemon.root, "go");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "crun"),
    `#!/bin/sh\ncase " $* " in *" exec "*) until test -e ${gate}; do sleep 0.01; done;; esac\nexec ` +
      `/usr/bin/crun "$@"\n`,
    { mode: 0o755 },
  );
  await daemon.reload({ runtimes: { gated: { path: join(bin, "crun") } } });
  box = await run({ Cmd: ["sleep", "1000"] });
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

async function create(body: Record<string, unknown>): Promise<string> {
  const { status, json } = await daemon.api("POST", "/containers/create", {
    Image: "busybox",
    StopTimeout: 0,
    ...body,
  });
  expect(status).toBe(201);
  return json.Id;
}

async function run(body: Record<string, unknown>): Promise<string> {
  const id = await create(body);
  expect((await daemon.api("POST", `/containers/${id}/start`)).status).toBe(204);
  return id;
}

async function createExec(container: string, body: Record<string, unknown>): Promise<string> {
  const { status, json } = await daemon.api("POST", `/containers/${container}/exec`, {
    AttachStdout: true,
    AttachStderr: true,
    ...body,
  });
  expect(status).toBe(201);
  return json.Id;
}

const upgrade = { Connection: "Upgrade", Upgrade: "tcp" };

/** Head and all that follows it. */
async function start(exec: string, body: Record<string, unknown> = {}, headers: Record<string, string> = upgrade) {
  using connection = new RawConnection(daemon.socket);
  connection.request("POST", `/v1.51/exec/${exec}/start`, { headers, body: JSON.stringify(body) });
  const {
    status,
    headers: { "content-type": type },
  } = await connection.head();
  return { status, type, bytes: await connection.rest() };
}

const text = (stream: 1 | 2, bytes: Uint8Array) =>
  new FrameDecoder()
    .push(bytes)
    .filter((frame) => frame.stream === stream)
    .map((frame) => Buffer.from(frame.data).toString())
    .join("");

describe("exec", () => {
  test.each<[string, Record<string, string>, number]>([
    ["upgraded", upgrade, 101],
    ["not upgraded", {}, 200],
  ])("%s: the head comes before there is a process", async (_, headers, status) => {
    rmSync(gate, { force: true });
    const gated = await run({ Cmd: ["sleep", "1000"], HostConfig: { Runtime: "gated" } });
    const exec = await createExec(gated, { Cmd: ["echo", "out"] });
    using connection = new RawConnection(daemon.socket);
    connection.request("POST", `/exec/${exec}/start`, { headers, body: "{}" });
    expect((await connection.head()).status).toBe(status);
    expect((await daemon.api("GET", `/exec/${exec}/json`)).json).toMatchObject({ Running: true, Pid: 0 });
    writeFileSync(gate, "");
    expect(text(1, await connection.rest())).toBe("out\n");
  });

  test("a second start says why not, in the stream of who attaches and as an error to who does not", async () => {
    const exec = await createExec(box, { Cmd: ["true"] });
    await start(exec);
    const said = `exec command ${exec} has already run\r\n`;
    const framed = await start(exec);
    expect([framed.status, framed.type, text(1, framed.bytes)]).toEqual([
      101,
      "application/vnd.docker.multiplexed-stream",
      said,
    ]);
    const bare = await start(exec, { Tty: true });
    expect([bare.type, bare.bytes.toString()]).toEqual(["application/vnd.docker.raw-stream", said]);
    expect((await start(exec, {}, {})).status).toBe(200);
    const detached = await daemon.api("POST", `/exec/${exec}/start`, { Detach: true });
    expect([detached.status, detached.json.message]).toEqual([409, said.trimEnd()]);
  });

  test("a second start while the first runs leaves the first alone", async () => {
    const exec = await createExec(box, { Cmd: ["sh", "-c", "until test -e /tmp/end; do sleep 0.02; done; echo over"] });
    const first = start(exec);
    await until("the exec", async () => (await daemon.api("GET", `/exec/${exec}/json`)).json.Pid > 0);
    expect(text(1, (await start(exec)).bytes)).toBe(`exec command ${exec} is already running\r\n`);
    await start(await createExec(box, { Cmd: ["touch", "/tmp/end"] }));
    expect(text(1, (await first).bytes)).toBe("over\n");
    expect((await daemon.api("GET", `/exec/${exec}/json`)).json).toMatchObject({ Running: false, ExitCode: 0 });
  });

  test("frames or none is what start says", async () => {
    const command = ["sh", "-c", "echo out; echo err >&2"];
    const terminal = await start(await createExec(box, { Cmd: command, Tty: true }), { Tty: false });
    expect([terminal.type, text(1, terminal.bytes)]).toEqual([
      "application/vnd.docker.multiplexed-stream",
      "out\r\nerr\r\n",
    ]);
    const none = await start(await createExec(box, { Cmd: command }), { Tty: true });
    expect([none.type, none.bytes.toString()]).toEqual(["application/vnd.docker.raw-stream", "out\n"]);
  });

  test("what goes wrong has the words of dockerd 28", async () => {
    const missing = await start(await createExec(box, { Cmd: ["nope"] }));
    expect(text(1, missing.bytes)).toBe(
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file ' +
        "not found in $PATH\r\n",
    );
    expect(
      (await daemon.api("POST", `/exec/${await createExec(box, { Cmd: ["/etc"] })}/start`, { Detach: true })).json
        .message,
    ).toEndWith('exec: "/etc": permission denied');
  });

  test("events show program, blank, arguments", async () => {
    const exec = await createExec(box, { Cmd: ["true"] });
    await start(exec);
    const { text: lines } = await daemon.api(
      "GET",
      `/events?until=-5&filters=${encodeURIComponent(JSON.stringify({ container: [box] }))}`,
    );
    const actions = lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter((event) => event.Actor.Attributes.execID === exec)
      .map((event) => event.Action);
    expect(actions).toEqual(["exec_create: true ", "exec_start: true ", "exec_die"]);
  });
});

describe("attach", () => {
  test("ends after the container's end is on record", async () => {
    for (let round = 0; round < 20; round++) {
      const id = await create({ Cmd: ["echo", "out"] });
      using connection = new RawConnection(daemon.socket);
      connection.request("POST", `/v1.51/containers/${id}/attach?stream=1&stdout=1`, { headers: upgrade });
      await connection.head();
      await daemon.api("POST", `/containers/${id}/start`);
      expect(text(1, await connection.rest())).toBe("out\n");
      expect((await daemon.api("GET", `/containers/${id}/json`)).json.State.Status).toBe("exited");
      expect((await daemon.api("DELETE", `/containers/${id}`)).status).toBe(204);
    }
  });

  test("a follower of the log, a waiter and a reader of events all find the end on record", async () => {
    const id = await create({ Cmd: ["sh", "-c", "echo out; sleep 0.2"] });
    const filters = encodeURIComponent(JSON.stringify({ container: [id], event: ["die"] }));
    const sources = [
      `POST /containers/${id}/wait?condition=next-exit`,
      `GET /containers/${id}/logs?follow=1&stdout=1`,
      `GET /events?filters=${filters}`,
    ];
    const status = async (source: string) => {
      const [method = "", path = ""] = source.split(" ");
      using connection = new RawConnection(daemon.socket);
      if (method === "GET" && path.includes("logs")) await daemon.api("POST", `/containers/${id}/start`);
      connection.request(method, path);
      await connection.head();
      // The last piece for a log; the only one for the others.
      for (let piece = await connection.chunk(); piece.length > 0 && path.includes("logs"); )
        piece = await connection.chunk();
      return (await daemon.api("GET", `/containers/${id}/json`)).json.State.Status;
    };
    expect(await Promise.all(sources.map(status))).toEqual(["exited", "exited", "exited"]);
  });

  test("with logs and stream each byte comes once, parts of lines too", async () => {
    const lines = 400;
    // It ends when everybody is attached: who comes later is attached to its next run.
    const id = await create({
      Cmd: [
        "sh",
        "-c",
        `i=0; while [ $i -lt ${lines} ]; do printf "a$i "; echo b$i; i=$((i+1)); [ $((i % 40)) = 0 ] && sleep ` +
          "0.05; done; until [ -e /end ]; do sleep 0.05; done; printf end",
      ],
    });
    const whole = `${Array.from({ length: lines }, (_, i) => `a${i} b${i}\n`).join("")}end`;
    const attached: Promise<void>[] = [];
    const attach = async () => {
      using connection = new RawConnection(daemon.socket);
      connection.request("POST", `/v1.51/containers/${id}/attach?logs=1&stream=1&stdout=1`, { headers: upgrade });
      const head = connection.head();
      attached.push(head.then(() => {}));
      await head;
      return text(1, await connection.rest());
    };
    const readers = [attach()];
    await daemon.api("POST", `/containers/${id}/start`);
    for (let round = 0; round < 12; round++) {
      readers.push(attach());
      await Bun.sleep(40);
    }
    await Promise.all(attached);
    await daemon.ok("exec", id, "touch", "/end");
    for (const read of await Promise.all(readers)) expect(read === whole || read).toBe(true);
  });

  test("with logs and stream input goes in as ever", async () => {
    const id = await run({ Cmd: ["sh", "-c", "echo ready; cat"], OpenStdin: true, StdinOnce: true });
    using connection = new RawConnection(daemon.socket);
    connection.request("POST", `/v1.51/containers/${id}/attach?logs=1&stream=1&stdin=1&stdout=1`, { headers: upgrade });
    await connection.head();
    connection.send("one\ntwo\n");
    connection.socket.end();
    expect(text(1, await connection.rest())).toBe("ready\none\ntwo\n");
  });
});

test("logs of no stream", async () => {
  expect((await daemon.api("GET", `/containers/${box}/logs`)).json.message).toBe(
    "Bad parameters: you must choose at least one stream",
  );
});
