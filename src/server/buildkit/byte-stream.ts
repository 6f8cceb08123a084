import type { Duplex } from "node:stream";
import { BytesMessage } from "../../api/buildkit/session.ts";
import { connection } from "../../lib/connection.ts";
import { decode, encode } from "../../lib/protobuf.ts";

/** A call in both directions, from either side of it. */
export interface ByteCall {
  readonly messages: AsyncIterable<Uint8Array>;
  send(message: Uint8Array): Promise<void>;
  /** Nothing more will be sent. */
  end(): void;
  /** Gives it up. */
  cancel(): void;
}

/** Bytes of one message: nobody takes more than 4 MiB. */
const mostBytes = 1024 * 1024;

/** One connection whose bytes travel as messages of a call. */
export function byteStream(call: ByteCall): Duplex {
  return connection({
    input: bytesOf(call.messages),
    async write(data) {
      for (let at = 0; at < data.length; at += mostBytes)
        await call.send(encode(BytesMessage, { data: data.subarray(at, at + mostBytes) }));
    },
    endWrite: () => call.end(),
    close: () => call.cancel(),
  });
}

/** A message may have none. */
async function* bytesOf(messages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const message of messages) {
    const { data } = decode(BytesMessage, message);
    if (data.length > 0) yield data;
  }
}
