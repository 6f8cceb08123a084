import dgram from "node:dgram";
import { lookup } from "node:dns/promises";
import { errorMessage, hasCode } from "../../../lib/errors.ts";
import { networkWords } from "../../../lib/network-words.ts";
import { pause } from "../../../lib/pause.ts";
import { UnixDatagram } from "../../../linux/unix-datagram.ts";

/** Time until a receiver whose queue is full is tried again, in milliseconds: from the first to the last. */
const FIRST_WAIT = 1;
const LAST_WAIT = 100;

/** Sends messages that arrive whole or not at all. */
export interface Datagrams {
  /** Resolves when the kernel has taken it. */
  send(message: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** To a socket of this machine; one whose queue is full is waited for. Throws in Go's words. */
export function dialUnixgram(path: string, signal: AbortSignal): Datagrams {
  let socket: UnixDatagram;
  try {
    socket = new UnixDatagram(path);
  } catch (error) {
    throw new Error(`dial unixgram ${path}: connect: ${reasonOf(error)}`, { cause: error });
  }
  const close = () => socket[Symbol.dispose]();
  signal.addEventListener("abort", close, { once: true });
  return {
    async send(message) {
      for (let wait = FIRST_WAIT; !socket.send(message); wait = Math.min(wait * 2, LAST_WAIT)) {
        if (!(await pause(wait, signal))) throw new Error("context canceled");
      }
    },
    close: async () => close(),
  };
}

/** To a host, where nobody tells whether it arrives. Throws in Go's words where the name is not known. */
export async function dialUdp({ host, port }: { host: string; port: number }, signal: AbortSignal): Promise<Datagrams> {
  let found: Awaited<ReturnType<typeof lookup>>;
  try {
    found = await lookup(host);
  } catch (error) {
    throw new Error(`dial udp: ${networkWords(error, { url: `udp://${host}:${port}` }).replace(/^dial tcp: /, "")}`);
  }
  signal.throwIfAborted();
  const { address, family } = found;
  const socket = dgram.createSocket(family === 6 ? "udp6" : "udp4");
  // Of a port where nobody listens the kernel may tell later.
  socket.on("error", () => {});
  let open = true;
  const close = () => {
    if (open) socket.close();
    open = false;
  };
  signal.addEventListener("abort", close, { once: true });
  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        if (!open) return reject(new Error("context canceled"));
        socket.send(message, port, address, (error) => (error && !lost(error) ? reject(error) : resolve()));
      }),
    close: async () => close(),
  };
}

/** The message alone is lost, as those of udp may be: nobody listens, or it is larger than a packet may be. */
const lost = (error: Error) => hasCode(error, "ECONNREFUSED", "EMSGSIZE");

/** What the kernel said, without the call. */
function reasonOf(error: unknown): string {
  return errorMessage(error).replace(/^.*: /, "");
}
