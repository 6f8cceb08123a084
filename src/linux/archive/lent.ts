import type { BodyPlace, LentBody } from "../../lib/http-body.ts";
import { takeContent } from "../../lib/http-body.ts";
import { errno, libc, ptr, SystemError } from "../syscall.ts";
import { checkStopped, type Stopped } from "./stop.ts";

/** A body that was lent to a worker, as it goes there. `head`: content that was read of it already. */
export interface LentSource {
  head: Uint8Array;
  fd: number;
  ahead: Uint8Array;
  place: BodyPlace;
}

const EINTR = 4;
const EAGAIN = 11;
const POLLIN = 1;
/** Milliseconds between two looks at whether the work was stopped, while nothing comes. */
const patience = 100;

/** What goes to the worker of a body that was lent. */
export function lentSource(head: Uint8Array, { fd, ahead, place }: LentBody): LentSource {
  return { head, fd, ahead, place };
}

/**
 * Reads a body straight from its socket, on this thread, which waits: no piece of it passes through the event loop of
 * the connection. Each chunk is good until the next. `beyond` is told at the end what was read after it.
 */
export async function* lentChunks(
  { head, fd, ahead, place }: LentSource,
  stopped: Stopped,
  beyond: (rest: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  const buffer = new Uint8Array(256 * 1024);
  for (let bytes = ahead; ; bytes = receive(fd, buffer, stopped)) {
    let at = 0;
    while (at < bytes.length && place.state !== "done") {
      const { content, used } = takeContent(place, bytes.subarray(at));
      at += used;
      if (content.length > 0) yield content;
    }
    if (place.state === "done") return beyond(bytes.slice(at));
  }
}

function receive(fd: number, buffer: Uint8Array, stopped: Stopped): Uint8Array {
  for (;;) {
    const got = Number(libc.read(fd, ptr(buffer), buffer.length));
    if (got > 0) return buffer.subarray(0, got);
    if (got === 0) throw new Error("unexpected EOF");
    const code = errno();
    if (code !== EAGAIN && code !== EINTR) throw new SystemError("read", code);
    checkStopped(stopped);
    const wanted = new Int32Array([fd, POLLIN]);
    libc.poll(ptr(wanted), 1, patience);
  }
}
