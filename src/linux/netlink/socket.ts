import type { Netns } from "../namespace.ts";
import { check, libc, ptr, SystemError } from "../syscall.ts";
import {
  decodeAttributes,
  decodeMessages,
  encodeMessages,
  type Message,
  NLM_F,
  NLMSG,
  type ReceivedMessage,
  textOf,
} from "./message.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDBUFFORCE = 32;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_ACK_TLVS = 0x200;

/** Netlink families of socket(2): `NETLINK_…` of linux/netlink.h. */
export const NETLINK = { ROUTE: 0, NETFILTER: 12 } as const;

/**
 * A netlink socket. It belongs to the network namespace it was opened in, wherever it is used from.
 * Synchronous: the kernel handles a request inside send(2), so the answer is there when send returns.
 */
export class NetlinkSocket implements Disposable {
  #fd: number;
  readonly #buffer = Buffer.alloc(64 * 1024);
  #sequence = 1;

  /** In `netns`, or where the daemon is. */
  constructor(protocol: number, netns?: Netns) {
    this.#fd = netns
      ? netns.socket(AF_NETLINK, SOCK_RAW, protocol)
      : check(libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), "socket", "netlink");
    const seconds = Buffer.alloc(16);
    seconds.writeBigInt64LE(10n, 0);
    const on = Buffer.from(Uint32Array.of(1).buffer);
    libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, ptr(seconds), 16);
    // A transaction is one datagram, however many ports it is about.
    const sendBuffer = Buffer.from(Uint32Array.of(16 * 1024 * 1024).buffer);
    libc.setsockopt(this.#fd, SOL_SOCKET, SO_SNDBUFFORCE, ptr(sendBuffer), 4);
    // The kernel's own words about what was wrong, and no echo of the request before them.
    libc.setsockopt(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, ptr(on), 4);
    libc.setsockopt(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, ptr(on), 4);
  }

  /**
   * Sends the messages as one datagram and throws the first error among the answers ({@link SystemError}).
   * The kernel works through all of them whatever happens to one.
   */
  request(messages: readonly Message[], what: string): void {
    const errors = this.attempt(messages, what);
    for (const error of errors) if (error) throw error;
  }

  /** As {@link request}, but gives each message's error or null. */
  attempt(messages: readonly Message[], what: string): (SystemError | null)[] {
    if (messages.length === 0) return [];
    const first = this.#send(
      messages.map((message) => ({ ...message, flags: message.flags | NLM_F.REQUEST | NLM_F.ACK })),
    );
    const results: (SystemError | null)[] = messages.map(() => null);
    for (let waiting = messages.length; waiting > 0; ) {
      for (const answer of this.#receive(what)) {
        if (answer.type !== NLMSG.ERROR || answer.sequence < first) continue;
        results[answer.sequence - first] = errorOf(answer, what);
        waiting--;
      }
    }
    return results;
  }

  /**
   * A batch of nf_tables: no message is acknowledged alone unless it failed, the end of the batch always is.
   * Throws the first error; then nothing of the batch has happened.
   */
  batch(messages: readonly Message[], what: string): void {
    const last = messages.length - 1;
    const first = this.#send(
      messages.map((message, index) => ({
        ...message,
        flags: message.flags | NLM_F.REQUEST | (index === last - 1 ? NLM_F.ACK : 0),
      })),
    );
    for (;;) {
      for (const answer of this.#receive(what)) {
        if (answer.type !== NLMSG.ERROR || answer.sequence < first) continue;
        const error = errorOf(answer, what);
        if (error) throw error;
        if (answer.sequence === first + last - 1) return;
      }
    }
  }

  /** All answers to a dump request. Asked again where the kernel's list changed under it. */
  dump(message: Message, what: string): ReceivedMessage[] {
    for (let attempt = 0; ; attempt++) {
      const { messages, interrupted } = this.#dumpOnce(message, what);
      if (!interrupted || attempt === 5) return messages;
    }
  }

  #dumpOnce(message: Message, what: string): { messages: ReceivedMessage[]; interrupted: boolean } {
    const sequence = this.#send([{ ...message, flags: message.flags | NLM_F.REQUEST | NLM_F.DUMP }]);
    const messages: ReceivedMessage[] = [];
    let interrupted = false;
    for (;;) {
      for (const answer of this.#receive(what)) {
        if (answer.sequence !== sequence) continue;
        if (answer.flags & NLM_F_DUMP_INTR) interrupted = true;
        if (answer.type === NLMSG.DONE) return { messages, interrupted };
        if (answer.type === NLMSG.ERROR) {
          const error = errorOf(answer, what);
          if (error) throw error;
          return { messages, interrupted };
        }
        messages.push({ ...answer, payload: new Uint8Array(answer.payload) });
      }
    }
  }

  /** The one answer to a request that asks for a thing by key. */
  get(message: Message, what: string): ReceivedMessage {
    const sequence = this.#send([{ ...message, flags: message.flags | NLM_F.REQUEST }]);
    for (;;) {
      for (const answer of this.#receive(what)) {
        if (answer.sequence !== sequence) continue;
        const error = answer.type === NLMSG.ERROR ? errorOf(answer, what) : null;
        if (error) throw error;
        return { ...answer, payload: new Uint8Array(answer.payload) };
      }
    }
  }

  /** The number that the kernel knows the socket by; 0 until it was first used. */
  get port(): number {
    const address = Buffer.alloc(12);
    const length = Buffer.from(Uint32Array.of(address.length).buffer);
    check(libc.getsockname(this.#fd, ptr(address), ptr(length)), "getsockname", "netlink");
    return address.readUInt32LE(4);
  }

  /** Gives the descriptor to the caller; it does not block any more. The object is of no further use. */
  detach(): number {
    const [F_SETFL, O_NONBLOCK] = [4, 0o4000];
    check(libc.fcntl(this.#fd, F_SETFL, O_NONBLOCK), "fcntl", "netlink");
    const fd = this.#fd;
    this.#fd = -1;
    return fd;
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) libc.close(this.#fd);
  }

  #send(messages: readonly Message[]): number {
    const first = this.#sequence;
    this.#sequence += messages.length;
    const bytes = encodeMessages(messages, first);
    check(libc.send(this.#fd, ptr(bytes), bytes.length, 0), "send", "netlink");
    return first;
  }

  #receive(what: string): ReceivedMessage[] {
    const length = check(libc.recv(this.#fd, ptr(this.#buffer), this.#buffer.length, 0), "recv", what);
    return [...decodeMessages(this.#buffer.subarray(0, length))];
  }
}

const NLMSGERR_ATTR_MSG = 1;

function errorOf(answer: ReceivedMessage, what: string): SystemError | null {
  const view = new DataView(answer.payload.buffer, answer.payload.byteOffset, answer.payload.length);
  const code = -view.getInt32(0, true);
  if (code === 0) return null;
  const words =
    answer.flags & NLM_F_ACK_TLVS ? textOf(decodeAttributes(answer.payload, 20).get(NLMSGERR_ATTR_MSG)) : "";
  return new SystemError("netlink", code, words ? `${what} (${words})` : what);
}
