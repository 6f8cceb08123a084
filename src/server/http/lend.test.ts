import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorMessage } from "../../lib/errors.ts";
import { silent } from "../../lib/log.ts";
import { tarEntry } from "../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import { Archiver } from "../../linux/archive/archiver.ts";
import { type Listener, listenHttp } from "./listener.ts";
import { encode, json, type Reply } from "./reply.ts";

let directory: string;
let path: string;
let listener: Listener;
let lent = 0;
let ended: PromiseWithResolvers<string>;
const archiver = new Archiver();

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-lend-"));
  path = join(directory, "s");
  listener = listenHttp(
    { unix: path },
    async ({ head, body, signal }): Promise<Reply> => {
      if (head.method === "GET") return encode(json(200, { next: true }));
      const { lend } = body;
      body.lend = async () => {
        const given = await lend.call(body);
        if (given) lent++;
        return given;
      };
      try {
        const { entries } = await archiver.extract(body, directory, {}, signal);
        ended.resolve("");
        return encode(json(200, { entries }));
      } catch (error) {
        ended.resolve(errorMessage(error));
        return encode(json(400, { message: errorMessage(error) }));
      }
    },
    silent,
  );
});
afterAll(async () => {
  listener.stop();
  listener.closeAll();
  await archiver[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const content = Buffer.alloc(700_000, "content of a file, ");

function archive(...names: string[]): Buffer {
  const members = names.flatMap((name) => [
    encodeHeader(tarEntry({ name, type: "file", size: content.length, mode: 0o644 })),
    content,
    padding(content.length),
  ]);
  return Buffer.concat([...members, endOfArchive()]);
}

function chunked(bytes: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

const next = Buffer.from("GET / HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
const put = (framing: string) => Buffer.from(`PUT / HTTP/1.1\r\nHost: d\r\n${framing}\r\n\r\n`);

async function answerOf(socket: Socket): Promise<string> {
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

/** Sends pieces with pauses between them. */
async function talk(bytes: Buffer, pieces: number): Promise<string> {
  ended = Promise.withResolvers();
  lent = 0;
  const socket = connect(path);
  const answer = answerOf(socket);
  const size = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length; at += size) {
    socket.write(bytes.subarray(at, at + size));
    await Bun.sleep(5);
  }
  return answer;
}

describe("a body that a worker reads by its socket", () => {
  test.each([
    ["chunked", 1],
    ["chunked", 40],
    ["length", 1],
    ["length", 40],
  ])("%s, in %p pieces, and the request after it", async (framing, pieces) => {
    const tar = archive("one", `two-${framing}-${pieces}`);
    const request =
      framing === "chunked"
        ? [put("Transfer-Encoding: chunked"), chunked(tar, 1000)]
        : [put(`Content-Length: ${tar.length}`), tar];
    const answer = await talk(Buffer.concat([...request, next]), pieces);
    expect(lent).toBe(1);
    expect(answer).toMatch(/\{"entries":2\}[^]*\{"next":true\}/);
    expect(readFileSync(join(directory, `two-${framing}-${pieces}`)).equals(content)).toBe(true);
  });

  test("what breaks off in the middle is told of, and ends the connection", async () => {
    const tar = archive("three", "four", "five");
    tar.fill("no header", content.length + 512 + padding(content.length).length, content.length + 2048);
    const request = [put("Transfer-Encoding: chunked"), chunked(tar, 30_000), next];
    const answer = await talk(Buffer.concat(request), 5);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*invalid tar header/);
    expect(answer).not.toContain("next");
    expect(existsSync(join(directory, "five"))).toBe(false);
  });

  test("chunks that are none", async () => {
    const whole = chunked(archive("six").subarray(0, 500_000), 1000);
    const broken = Buffer.concat([whole.subarray(0, -"0\r\n\r\n".length), Buffer.from("zz\r\n")]);
    expect(await talk(Buffer.concat([put("Transfer-Encoding: chunked"), broken, next]), 3)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("a client that leaves ends the work", async () => {
    ended = Promise.withResolvers();
    const socket = connect(path);
    const tar = archive("seven");
    socket.write(put(`Content-Length: ${tar.length}`));
    socket.write(tar.subarray(0, 300_000));
    await Bun.sleep(50);
    socket.destroy();
    expect(await ended.promise).not.toBe("");
  });
});
