import type { Message } from "../../linux/netlink/message.ts";
import { NETLINK, NetlinkSocket } from "../../linux/netlink/socket.ts";
import { applyNft } from "../../linux/nft/apply.ts";

/**
 * A change as a script for nft(8) or, where starting a process would take too long, as netlink messages. The function
 * is called when the change's turn comes.
 */
export type Change = { script: () => string } | { messages: () => readonly Message[] };

/** How changes get into the kernel. */
export interface FirewallKernel extends Disposable {
  script(text: string): Promise<void>;
  messages(messages: readonly Message[]): void;
  /** Whether changes go, or went a moment ago, through the netlink socket of that number. */
  isOwn(port: number): boolean;
}

/**
 * The socket of nft(8) has its process id for a number; soon after its end the kernel may give it to another process.
 */
const rememberedMs = 5000;

function realFirewall(): FirewallKernel {
  let socket: NetlinkSocket | null = null;
  const programs = new Map<number, number>();
  return {
    script(text) {
      for (const [pid, until] of programs) if (until < Date.now()) programs.delete(pid);
      return applyNft(text, (pid) => programs.set(pid, Date.now() + rememberedMs));
    },
    messages: (messages) => (socket ??= new NetlinkSocket(NETLINK.NETFILTER)).batch(messages, "change firewall"),
    isOwn: (port) => socket?.port === port || (programs.get(port) ?? 0) > Date.now(),
    [Symbol.dispose]() {
      socket?.[Symbol.dispose]();
      socket = null;
    },
  };
}

/** Changes to the table, each a transaction, one at a time in the order of asking. */
export class FirewallQueue implements Disposable {
  #last: Promise<void> = Promise.resolve();
  #pending = 0;

  constructor(private readonly kernel: FirewallKernel = realFirewall()) {}

  /** Resolves when the kernel has made the change. */
  async submit(change: Change): Promise<void> {
    // Nothing is queued before it: it starts without waiting for a turn of the event loop.
    if ("messages" in change && this.#pending === 0) return this.kernel.messages(change.messages());
    this.#pending++;
    const mine = this.#last.then(() =>
      "messages" in change ? this.kernel.messages(change.messages()) : this.kernel.script(change.script()),
    );
    this.#last = mine.catch(() => {}).finally(() => this.#pending--);
    return mine;
  }

  /** See {@link FirewallKernel.isOwn}. */
  isOwn(port: number): boolean {
    return this.kernel.isOwn(port);
  }

  [Symbol.dispose](): void {
    this.kernel[Symbol.dispose]();
  }
}
