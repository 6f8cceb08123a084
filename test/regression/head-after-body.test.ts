/**
 * Clients that stop sending with the head of the answer (skopeo 1.9) must not get it before all of their archive is
 * read.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { RawConnection } from "../api/raw.ts";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
let saved: Uint8Array;
beforeAll(async () => {
  daemon = await Daemon.start();
  saved = await (await fetch("http://d/images/busybox/get", { unix: daemon.socket })).bytes();
  await daemon.ok("create", "--name", "box", "busybox");
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const tar = (files: Record<string, string>) => new Bun.Archive(files).bytes();
/** What writers of archives add: blocks of zeros up to whatever size they like. */
const padded = (archive: Uint8Array) => Buffer.concat([archive, Buffer.alloc(1_000_000)]);

test.each<[string, string, () => Uint8Array | Promise<Uint8Array>]>([
  ["load, told of", "POST /images/load?quiet=0", () => saved],
  ["load, in quiet", "POST /images/load?quiet=1", () => saved],
  ["load, packed", "POST /images/load?quiet=1", () => gzipSync(saved)],
  ["load of no image", "POST /images/load?quiet=1", () => tar({ f: "x" })],
  ["import", "POST /images/create?fromSrc=-&repo=imported", () => tar({ f: "x" })],
  ["build", "POST /build", () => tar({ Dockerfile: "FROM scratch\nCOPY f /\n", f: "x" })],
  ["copying into a container", "PUT /containers/box/archive?path=/tmp", () => tar({ f: "x" })],
])("%s", async (what, request, make) => {
  const archive = await make();
  for (const body of what.includes("packed") ? [archive] : [archive, padded(archive)]) {
    using connection = new RawConnection(daemon.socket);
    const [method = "", path = ""] = request.split(" ");
    connection.request(method, path, {
      headers: { "Content-Type": "application/x-tar", "Transfer-Encoding": "chunked" },
    });
    connection.send(`${body.length.toString(16)}\r\n`);
    connection.send(body);
    let answered = false;
    connection.socket.once("data", () => {
      answered = true;
    });
    // As long as all of it takes where the end comes at once.
    for (let round = 0; round < 20; round++) expect((await daemon.api("GET", "/images/json")).status).toBe(200);
    expect(answered).toBe(false);
    connection.send("\r\n0\r\n\r\n");
    expect((await connection.answer()).status).toBe(200);
  }
});

test("skopeo 1.9 gives an image that is there already, again and again", async () => {
  for (let round = 0; round < 5; round++) {
    const hosts = ["--src-daemon-host", daemon.host, "--dest-daemon-host", daemon.host];
    const copied = await Bun.$`skopeo copy ${hosts} docker-daemon:busybox:latest docker-daemon:copied:1`
      .nothrow()
      .quiet();
    expect([copied.stderr.toString(), copied.exitCode]).toEqual(["", 0]);
  }
});
