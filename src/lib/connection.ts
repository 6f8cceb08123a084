import { Duplex } from "node:stream";

/** What a connection is underneath. */
export interface Ends {
  /** What comes from the other side; its end is that nothing more will. */
  input: AsyncIterable<Uint8Array>;
  /** Resolves when there is room for more. */
  write(data: Uint8Array): Promise<void>;
  /** Nothing more will be written; input goes on. */
  endWrite(): void;
  /** Nobody reads or writes any more. */
  close(): void;
}

/**
 * Something that has an input and an output, as a stream of Node for libraries that want one. What is written goes on
 * in a turn of its own: Bun 1.4.5 loses bytes of one HTTP/2 connection that are written while it writes for another,
 * as it does where a connection runs within a call of another. The test beside shows it.
 */
export function connection({ input, write, endWrite, close }: Ends): Duplex {
  const coming = input[Symbol.asyncIterator]();
  const later = (data: Uint8Array, done: (error?: Error | null) => void) =>
    setImmediate(() => write(data).then(() => done(), done));
  return new Duplex({
    allowHalfOpen: true,
    read() {
      coming.next().then(
        ({ done, value }) => this.push(done ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    write: (chunk: Uint8Array, _encoding, done) => later(chunk, done),
    // What came meanwhile goes as one.
    writev: (chunks: { chunk: Uint8Array }[], done) => later(Buffer.concat(chunks.map(({ chunk }) => chunk)), done),
    final(done) {
      endWrite();
      done();
    },
    destroy(error, done) {
      close();
      done(error);
    },
  });
}
