import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { FrameDecoder } from "../../src/api/stdcopy.ts";
import { Daemon, until } from "../harness.ts";
import { RawConnection } from "./raw.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const upgrade = { Connection: "Upgrade", Upgrade: "tcp" };

async function create(body: Record<string, unknown>): Promise<string> {
  const { status, json } = await daemon.api("POST", "/containers/create", { Image: "busybox", ...body });
  expect(status).toBe(201);
  return json.Id;
}

/** Output and errors of a multiplexed stream. */
function split(bytes: Uint8Array): [string, string] {
  const frames = new FrameDecoder().push(bytes);
  const of = (stream: 1 | 2) =>
    frames
      .filter((frame) => frame.stream === stream)
      .map((frame) => Buffer.from(frame.data).toString())
      .join("");
  return [of(1), of(2)];
}

describe("attach", () => {
  test.each<[string, Record<string, string>, number, string]>([
    ["/v1.42", upgrade, 101, "application/vnd.docker.multiplexed-stream"],
    ["/v1.41", upgrade, 101, "application/vnd.docker.raw-stream"],
    ["/v1.44", {}, 200, "application/vnd.docker.raw-stream"],
  ])("%s %p: %d %s; input half-closed, output framed", async (version, headers, status, type) => {
    const id = await create({
      Cmd: ["sh", "-c", "cat; echo error >&2"],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
    });
    using connection = new RawConnection(daemon.socket);
    connection.request("POST", `${version}/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`, { headers });
    const head = await connection.head();
    expect([head.status, head.headers["content-type"]]).toEqual([status, type]);
    expect(head.headers["upgrade"]).toBe(status === 101 ? "tcp" : (undefined as never));
    expect((await daemon.api("POST", `/containers/${id}/start`)).status).toBe(204);
    connection.send("one\ntwo\n");
    connection.socket.end();
    expect(split(await connection.rest())).toEqual(["one\ntwo\n", "error\n"]);
  });

  test("a terminal is raw both ways, and detach keys leave it running", async () => {
    const id = await create({
      Cmd: ["sh", "-c", "stty -echo; while read line; do echo got $line; done"],
      Tty: true,
      OpenStdin: true,
    });
    expect((await daemon.api("POST", `/containers/${id}/start`)).status).toBe(204);
    using connection = new RawConnection(daemon.socket);
    connection.request("POST", `/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1&detachKeys=ctrl-x,q`, {
      headers: upgrade,
    });
    expect((await connection.head()).headers["content-type"]).toBe("application/vnd.docker.raw-stream");
    await Bun.sleep(200);
    connection.send("hello\n");
    await connection.waitFor("got hello\r\n");
    connection.send("\x18q");
    await connection.rest();
    expect((await daemon.api("GET", `/containers/${id}/json`)).json.State.Running).toBe(true);
  });

  test("logs come first where asked for; without stream that is all", async () => {
    const id = await create({ Cmd: ["sh", "-c", "echo before"] });
    await daemon.api("POST", `/containers/${id}/start`);
    await daemon.api("POST", `/containers/${id}/wait`);
    using connection = new RawConnection(daemon.socket);
    connection.request("POST", `/containers/${id}/attach?logs=1&stdout=1`, { headers: upgrade });
    expect((await connection.head()).status).toBe(101);
    expect(split(await connection.rest())[0]).toBe("before\n");
  });

  test("what is wrong is told before the upgrade", async () => {
    using connection = new RawConnection(daemon.socket);
    connection.request("POST", "/containers/nonesuch/attach?stream=1", { headers: upgrade });
    expect((await connection.head()).status).toBe(404);
    await connection.waitFor("No such container: nonesuch\r\n");
  });

  test("a reader that does not read costs no memory, and loses nothing", async () => {
    const megabytes = 200;
    const id = await create({
      Cmd: ["sh", "-c", `dd if=/dev/zero bs=1M count=${megabytes}; echo end >&2`],
      HostConfig: { LogConfig: { Type: "none" } },
    });
    using connection = new RawConnection(daemon.socket);
    connection.request("POST", `/containers/${id}/attach?stream=1&stdout=1`, { headers: upgrade });
    await connection.head();
    const before = rss(daemon.pid);
    connection.socket.pause();
    await daemon.api("POST", `/containers/${id}/start`);
    await Bun.sleep(1500);
    expect(rss(daemon.pid) - before).toBeLessThan(60_000_000);
    expect((await daemon.api("GET", `/containers/${id}/json`)).json.State.Running).toBe(true);
    let size = 0;
    const decoder = new FrameDecoder();
    connection.socket.removeAllListeners("data");
    connection.socket.on("data", (chunk: Buffer) => {
      for (const frame of decoder.push(chunk)) size += frame.data.length;
    });
    connection.socket.resume();
    await until("all of the output", () => size >= megabytes * 1024 * 1024);
  });

  test("a client that vanishes leaves nothing behind", async () => {
    const id = await create({ Cmd: ["sleep", "1000"], OpenStdin: true });
    await daemon.api("POST", `/containers/${id}/start`);
    const descriptors = async () => (await daemon.api("GET", "/info")).json.NFd as number;
    // The first attach opens what all of them share.
    for (let round = 0, first = 0; round < 2; round++) {
      for (let i = 0; i < 20; i++) {
        using connection = new RawConnection(daemon.socket);
        connection.request("POST", `/containers/${id}/attach?stream=1&stdin=1&stdout=1`, { headers: upgrade });
        expect((await connection.head()).status).toBe(101);
      }
      if (round === 0) first = await descriptors();
      else await until("descriptors to be given back", async () => (await descriptors()) <= first + 1);
    }
  });
});

describe("exec", () => {
  test.each<[Record<string, string>, number]>([
    [upgrade, 101],
    [{}, 200],
  ])("%p: %d", async (headers, status) => {
    const id = await create({ Cmd: ["sleep", "1000"] });
    await daemon.api("POST", `/containers/${id}/start`);
    const exec = (
      await daemon.api("POST", `/containers/${id}/exec`, {
        Cmd: ["sh", "-c", "cat; echo error >&2; exit 7"],
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
      })
    ).json.Id;
    using connection = new RawConnection(daemon.socket);
    connection.request("POST", `/exec/${exec}/start`, { headers, body: '{"Detach":false,"Tty":false}' });
    expect((await connection.head()).status).toBe(status);
    connection.send("text");
    connection.socket.end();
    expect(split(await connection.rest())).toEqual(["text", "error\n"]);
    // Whoever has read it all may ask for the code.
    expect((await daemon.api("GET", `/exec/${exec}/json`)).json).toMatchObject({
      Running: false,
      ExitCode: 7,
      ContainerID: id,
    });
  });

  test("detached, and what is wrong", async () => {
    const id = await create({ Cmd: ["sleep", "1000"] });
    const command = { Cmd: ["true"], AttachStdout: true };
    expect((await daemon.api("POST", `/containers/${id}/exec`, command)).status).toBe(409);
    await daemon.api("POST", `/containers/${id}/start`);
    expect((await daemon.api("POST", `/containers/${id}/exec`, { Cmd: [] })).json).toEqual({
      message: "No exec command specified",
    });
    const exec = (await daemon.api("POST", `/containers/${id}/exec`, command)).json.Id;
    expect((await daemon.api("POST", `/exec/${exec}/start`, { Detach: true })).status).toBe(200);
    await until("the exec to end", async () => (await daemon.api("GET", `/exec/${exec}/json`)).json.ExitCode === 0);
    expect((await daemon.api("POST", `/exec/${exec}/start`, { Detach: true })).status).toBe(409);
  });
});

describe("websocket", () => {
  test("carries input and output as messages", async () => {
    const id = await create({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true, AttachStdin: true });
    await daemon.api("POST", `/containers/${id}/start`);
    const socket = new WebSocket(
      `ws+unix://${daemon.socket}:/v1.42/containers/${id}/attach/ws?stream=1&stdin=1&stdout=1`,
    );
    socket.binaryType = "arraybuffer";
    let got = "";
    socket.addEventListener("message", ({ data }) => {
      got += Buffer.from(data as ArrayBuffer).toString();
    });
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    socket.send("hello ");
    socket.send(new TextEncoder().encode("there"));
    await until("the echo", () => got === "hello there");
    const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    await daemon.api("POST", `/containers/${id}/kill`);
    await closed;
  });
  test("refuses what is no handshake, and containers that are not", async () => {
    const { Id } = (await daemon.api("POST", "/containers/create", { Image: "busybox" })).json;
    expect((await daemon.api("GET", `/containers/${Id}/attach/ws`)).json).toEqual({
      message: "not websocket protocol",
    });
    const { status, json } = await daemon.api("GET", "/containers/nonesuch/attach/ws");
    expect([status, json]).toEqual([404, { message: "No such container: nonesuch" }]);
    using connection = new RawConnection(daemon.socket);
    connection.request("GET", "/containers/nonesuch/attach/ws?stream=1", {
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    });
    expect((await connection.answer()).status).toBe(404);
  });
});

function rss(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}
