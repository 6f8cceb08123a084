import { NETLINK, NetlinkSocket } from "../../linux/netlink/socket.ts";
import type { Message } from "../../linux/netlink/message.ts";
import { applyNft } from "../../linux/nft/apply.ts";

/** Either for nft(8) or, where a process would cost too much, for the kernel itself. Made when its turn comes. */
export type Change = { script: () => string } | { messages: () => readonly Message[] };

/** How changes get into the kernel. */
export interface FirewallKernel extends Disposable {
  script(text: string): Promise<void>;
  messages(messages: readonly Message[]): void;
}

export function realFirewall(): FirewallKernel {
  let socket: NetlinkSocket | null = null;
  return {
    script: applyNft,
    messages: (messages) => (socket ??= new NetlinkSocket(NETLINK.NETFILTER)).batch(messages, "change firewall"),
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

  /** Resolves when the kernel has it. */
  async submit(change: Change): Promise<void> {
    // Nobody before us: no reason to wait even a turn.
    if ("messages" in change && this.#pending === 0) return this.kernel.messages(change.messages());
    this.#pending++;
    const mine = this.#last.then(() => ("messages" in change ? this.kernel.messages(change.messages()) : this.kernel.script(change.script())));
    this.#last = mine.catch(() => {}).finally(() => this.#pending--);
    return mine;
  }

  [Symbol.dispose](): void {
    this.kernel[Symbol.dispose]();
  }
}
