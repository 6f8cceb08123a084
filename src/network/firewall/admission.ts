import { errorMessage } from "../../lib/errors.ts";
import { listenLogGroup } from "../../linux/netlink/log-group.ts";
import { completeChecksum, parsePacket } from "../../linux/packet.ts";
import { PacketSocket } from "../../linux/packet-socket.ts";
import type { NetworkDeps } from "../deps.ts";
import { publishedAt } from "../table.ts";
import { admissionGroup } from "./ruleset.ts";

const protocolNames: Record<number, string> = { 6: "tcp", 17: "udp", 132: "sctp" };
const againMs = 1000;

/**
 * Ports under the policy `host-firewall`: the kernel decides where a connection leads at its first packet, before it
 * asks the machine's rules for incoming traffic. So that packet first goes on as if it were for the machine itself. If
 * it passes all rules, our own (the last) drops it and reports it to this class, which sends it again as if from the
 * machine; then it is translated and reaches the container. The kernel alone forwards all later packets.
 */
export class Admission implements Disposable {
  readonly #packets = new PacketSocket();
  #listening: Disposable | null = null;
  #ended = false;

  constructor(private readonly deps: NetworkDeps) {}

  /** Without the socket connections still succeed, when the client sends its first packet again. */
  async start(): Promise<void> {
    try {
      const listening = await listenLogGroup(
        admissionGroup(this.deps.instance),
        (packet) => this.#send(Buffer.from(packet)),
        () => this.#startAgain(),
      );
      if (this.#ended) listening[Symbol.dispose]();
      else this.#listening = listening;
    } catch (error) {
      this.deps.log.warn("connections to ports behind the machine's own rules take a second longer", {
        error: errorMessage(error),
      });
    }
  }

  #send(bytes: Buffer): void {
    const packet = parsePacket(bytes);
    // Others may log to the same group.
    if (
      !packet ||
      !publishedAt(this.deps.store, protocolNames[packet.protocol] ?? "", packet.destination, packet.destinationPort)
    )
      return;
    completeChecksum(bytes);
    try {
      this.#packets.send(bytes, packet.destination);
    } catch (error) {
      this.deps.log.debug("an admitted packet could not be sent on", { error: errorMessage(error) });
    }
  }

  #startAgain(): void {
    if (this.#ended) return;
    setTimeout(() => void this.start(), againMs).unref();
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#listening?.[Symbol.dispose]();
    this.#packets[Symbol.dispose]();
  }
}
