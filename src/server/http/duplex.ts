import { Duplex } from "node:stream";
import type { RawStream } from "./reply.ts";

/** A connection after HTTP as a stream of Node, for libraries that want one. */
export function asDuplex(raw: RawStream): Duplex {
  const input = raw.input[Symbol.asyncIterator]();
  const duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      input.next().then(
        ({ done, value }) => duplex.push(done ? null : value),
        (error: Error) => duplex.destroy(error),
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      raw.write(chunk).then(() => done(), done);
    },
    final(done) {
      raw.endWrite();
      done();
    },
    destroy(error, done) {
      raw.gone.removeEventListener("abort", gone);
      raw.endWrite();
      done(error);
    },
  });
  const gone = () => duplex.destroy();
  raw.gone.addEventListener("abort", gone, { once: true });
  if (raw.gone.aborted) gone();
  return duplex;
}
