/** How the end of a request's body is known: by a number of bytes, or by chunks that say it. */
export type BodyFraming = { length: number } | "chunked";

/** The chunks of a body cannot be told apart. */
export class MalformedBody extends Error {
  override readonly name = "MalformedBody";
}

/** Where the reading of a body has come to. Plain data, so that another thread can go on from there. */
export interface BodyPlace {
  state: "size" | "data" | "data-end" | "trailers" | "done";
  /** Bytes of content to come: in all, or of this chunk. */
  remaining: number;
  chunked: boolean;
  /** What has come of a line that has not ended. */
  line: Uint8Array;
  trailers: number;
}

/** The rest of a body, for whoever reads on by its socket in place of the connection. */
export interface LentBody extends Disposable {
  /** The socket, which does not block. */
  fd: number;
  /** What was read of the connection, but not of the body. */
  ahead: Uint8Array;
  place: BodyPlace;
  /** The body was read to its end; `rest` was read beyond. Unless this is called the connection is of no more use. */
  finish(rest: Uint8Array): void;
}

/** A body that can be lent to another thread. */
export interface LendableBody extends AsyncIterable<Uint8Array> {
  /** null where only its owner can read it: bytes are encrypted, or it is at its end. */
  lend(): Promise<LentBody | null>;
}

const longestLine = 4096;
const mostTrailers = 100;
const nothing = new Uint8Array();

/** The beginning of a body. */
export function bodyStart(framing: BodyFraming): BodyPlace {
  const chunked = framing === "chunked";
  const remaining = chunked ? 0 : framing.length;
  const state = chunked ? "size" : remaining > 0 ? "data" : "done";
  return { state, remaining, chunked, line: nothing, trailers: 0 };
}

/**
 * Takes from the bytes of a connection: `used` of them, with the content that ends there, which may be empty where all
 * was used. `place` moves on. Throws {@link MalformedBody}.
 */
export function takeContent(place: BodyPlace, bytes: Uint8Array): { content: Uint8Array; used: number } {
  let at = 0;
  while (at < bytes.length && place.state !== "done") {
    if (place.state === "data") {
      const content = bytes.subarray(at, at + place.remaining);
      place.remaining -= content.length;
      if (place.remaining === 0) place.state = place.chunked ? "data-end" : "done";
      return { content, used: at + content.length };
    }
    at = takeLine(place, bytes, at);
  }
  return { content: nothing, used: at };
}

/** Reads the line between two chunks, or one after the last; returns where the next byte is. */
function takeLine(place: BodyPlace, bytes: Uint8Array, at: number): number {
  const end = bytes.indexOf(10, at);
  const piece = bytes.subarray(at, end < 0 ? bytes.length : end);
  const whole = place.line.length === 0 ? piece : Buffer.concat([place.line, piece]);
  if (whole.length > longestLine) throw new MalformedBody("malformed chunked encoding");
  if (end < 0) {
    // A copy: the bytes may be a view of a buffer that is used again.
    place.line = new Uint8Array(whole);
    return bytes.length;
  }
  place.line = nothing;
  afterLine(place, Buffer.from(whole).toString("latin1").replace(/\r$/, ""));
  return end + 1;
}

function afterLine(place: BodyPlace, line: string): void {
  if (place.state === "data-end") {
    if (line !== "") throw new MalformedBody("malformed chunked encoding");
    place.state = "size";
  } else if (place.state === "size") {
    const match = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line);
    if (!match) throw new MalformedBody("malformed chunked encoding");
    place.remaining = parseInt(match[1] ?? "", 16);
    place.state = place.remaining > 0 ? "data" : "trailers";
  } else if (line === "") place.state = "done";
  else if (++place.trailers > mostTrailers) throw new MalformedBody("too many trailers");
}
