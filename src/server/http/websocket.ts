import { createHash } from "node:crypto";
import { invalid } from "../../lib/errors.ts";
import type { RawStream, Reply } from "./reply.ts";
import type { ApiRequest } from "./router.ts";

/** RFC 6455, the server's side: what attach needs of it. */

const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const messageLimit = 16 * 1024 * 1024;
const op = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Throws where the request is no handshake. */
export function checkHandshake({ headers }: ApiRequest): void {
  if (!/\bwebsocket\b/i.test(headers.get("upgrade") ?? "") || !headers.has("sec-websocket-key"))
    throw invalid("not websocket protocol");
  if (headers.get("sec-websocket-version") !== "13") throw invalid("missing or bad WebSocket Version");
}

/** Answers a handshake; then `run` has the messages of the client and sends bytes, each write a message. */
export function acceptWebSocket(
  request: ApiRequest,
  type: "text" | "binary",
  run: (stream: RawStream) => Promise<void>,
): Reply {
  const key = request.headers.get("sec-websocket-key") ?? "";
  return {
    status: 101,
    headers: {
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Accept": createHash("sha1")
        .update(key + magic)
        .digest("base64"),
    },
    async takeOver(raw) {
      let open = true;
      const close = async () => {
        if (!open) return;
        open = false;
        await raw.write(encodeMessage(op.close, Buffer.from([0x03, 0xe8]))).catch(() => {});
        raw.endWrite();
      };
      await run({
        input: messages(raw, close),
        write: (data) => raw.write(encodeMessage(op[type], data)),
        endWrite: () => void close(),
        gone: raw.gone,
      });
      await close();
    },
  };
}

/** One whole message as one frame of a server, which is not masked (RFC 6455, section 5.2). */
export function encodeMessage(opcode: number, data: Uint8Array): Uint8Array {
  const size = data.length < 126 ? 2 : data.length < 65536 ? 4 : 10;
  const out = Buffer.alloc(size + data.length);
  out[0] = 0x80 | opcode;
  if (size === 2) out[1] = data.length;
  else if (size === 4) {
    out[1] = 126;
    out.writeUInt16BE(data.length, 2);
  } else {
    out[1] = 127;
    out.writeBigUInt64BE(BigInt(data.length), 2);
  }
  out.set(data, size);
  return out;
}

/** Payloads of the client's data messages, in the pieces they come in; answers pings; ends at its close. */
async function* messages(raw: RawStream, close: () => Promise<void>): AsyncGenerator<Uint8Array> {
  for await (const { opcode, payload } of decodeMessages(raw.input)) {
    if (opcode === op.ping) await raw.write(encodeMessage(op.pong, payload));
    else if (opcode === op.close) {
      await close();
      return;
    } else if (opcode <= op.binary) yield payload;
  }
}

/**
 * The frames of a client, unmasked (RFC 6455), each as soon as it is there; ends when `input` does. Parts of a divided
 * message come one by one, with opcode 0 after the first. Throws `invalid` for a frame that is not masked or too large.
 */
export async function* decodeMessages(
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ opcode: number; payload: Uint8Array }> {
  let have: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    have = have.length === 0 ? Buffer.from(chunk) : Buffer.concat([have, chunk]);
    for (let frame = takeFrame(have); frame; frame = takeFrame(have)) {
      have = have.subarray(frame.size);
      yield frame;
    }
  }
}

/** The first frame of the buffer, unmasked; null where it is not whole yet. */
function takeFrame(bytes: Buffer): { opcode: number; payload: Uint8Array; size: number } | null {
  const [first = 0, second = 0] = bytes;
  if (bytes.length < 2) return null;
  if ((second & 0x80) === 0) throw invalid("a client's websocket frame must be masked");
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + lengthBytes + 4;
  if (bytes.length < start) return null;
  const length =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (length > messageLimit) throw invalid("websocket frame too large");
  if (bytes.length < start + length) return null;
  const mask = bytes.subarray(start - 4, start);
  const payload = Uint8Array.from(bytes.subarray(start, start + length), (byte, i) => byte ^ (mask[i & 3] ?? 0));
  return { opcode: first & 0x0f, payload, size: start + length };
}
