import { libc, ptr } from "./syscall.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * Sends some bytes past whatever layer stands on a socket that is about to be closed. What does not go at once is lost.
 */
export function sendLast(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  libc.send(fd, ptr(bytes), bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL);
}
