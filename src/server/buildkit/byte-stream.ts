import { Duplex } from "node:stream";
import { BytesMessage } from "../../api/buildkit/session.ts";
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

/** One connection whose bytes travel as messages of a call. */
export function byteStream(call: ByteCall): Duplex {
  const messages = call.messages[Symbol.asyncIterator]();
  return new Duplex({
    allowHalfOpen: true,
    read() {
      next(messages).then(
        (data) => this.push(data),
        (error: Error) => this.destroy(error),
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      const message = encode(BytesMessage, { data: chunk });
      // Bun 1.4 loses what is written to one HTTP/2 connection while it writes for another that runs within it.
      setImmediate(() => call.send(message).then(() => done(), done));
    },
    final(done) {
      call.end();
      done();
    },
    destroy(error, done) {
      call.cancel();
      done(error);
    },
  });
}

/** The next bytes; null: none will come. A message may have none. */
async function next(messages: AsyncIterator<Uint8Array>): Promise<Uint8Array | null> {
  for (;;) {
    const { done, value } = await messages.next();
    if (done) return null;
    const { data } = decode(BytesMessage, value);
    if (data.length > 0) return data;
  }
}
