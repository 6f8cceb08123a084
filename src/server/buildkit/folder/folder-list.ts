import { Packet, PacketType } from "../../../api/buildkit/fsutil.ts";
import { maxEntries } from "../../../builder/source/context-archive.ts";
import { invalid } from "../../../lib/errors.ts";
import type { ClientCall } from "../../../lib/grpc/client-call.ts";
import { decode, encode } from "../../../lib/protobuf.ts";

/** Bytes of the packets of a list: names, links and attributes. */
const usualBytes = 512 * 1024 * 1024;
/** Fields of a packet that is an entry of a list and nothing else begin so: field 2, with a length. */
const entryTag = 0x12;

/** Told of the bytes that a folder's transfer took so far; `idle`: nothing more is on its way. */
export type TransferListener = (bytes: number, idle: boolean) => void;

/**
 * The list of what is in a folder of the client, as it came: `fsutil`'s packets, which nobody has looked into yet, and
 * the call on which content can be asked for.
 */
export class FolderList {
  /** One for each entry. */
  readonly packets: Uint8Array[] = [];
  /** Of the whole list, hex: equal lists of one folder mean equal files, as far as the client can tell. */
  identity = "";
  readonly #messages: AsyncIterator<Uint8Array>;
  /** Of the transfer so far, and of the word that ends it. */
  #bytes = encode(Packet, { type: PacketType.finish }).length;
  #idle = false;

  private constructor(
    readonly call: ClientCall,
    private readonly listener: TransferListener,
  ) {
    this.#messages = call.messages[Symbol.asyncIterator]();
  }

  /** Reads the list to its end. Throws what the client says in place of one, and `invalid` for what is none. */
  static async read(call: ClientCall, listener: TransferListener, maxBytes = usualBytes): Promise<FolderList> {
    const list = new FolderList(call, listener);
    try {
      await list.#read(maxBytes);
      return list;
    } catch (error) {
      call.cancel();
      throw error;
    }
  }

  /** The next packet after the list; undefined: the call has ended. Throws what the client says went wrong. */
  async next(): Promise<Packet | undefined> {
    const { done, value } = await this.#messages.next();
    if (done) return undefined;
    this.#bytes += value.length;
    const packet = decode(Packet, value);
    if (packet.type === PacketType.error) throw invalid(Buffer.from(packet.data).toString("utf8"));
    if (packet.type === PacketType.data) this.tell(false);
    return packet;
  }

  tell(idle: boolean): void {
    if (idle && this.#idle) return;
    this.#idle = idle;
    this.listener(this.#bytes, idle);
  }

  /** Nothing more is asked for. `broken`: nobody is there to be told. */
  async close(broken: boolean): Promise<void> {
    if (!this.#idle) this.tell(true);
    if (!broken) await this.call.send(encode(Packet, { type: PacketType.finish })).catch(() => {});
    this.call.end();
  }

  async #read(maxBytes: number): Promise<void> {
    const hasher = new Bun.CryptoHasher("sha256");
    const sizes: number[] = [];
    let total = 0;
    for (;;) {
      const { done, value } = await this.#messages.next();
      if (done) throw invalid("the client broke off while it listed its files");
      this.#bytes += value.length;
      if (value[0] !== entryTag && this.#ends(value)) break;
      if (this.packets.length >= maxEntries) throw invalid(`the build context has more than ${maxEntries} files`);
      total += value.length + 128;
      if (total > maxBytes) throw invalid("the build context has names that are too long");
      hasher.update(value);
      sizes.push(value.length);
      this.packets.push(value);
    }
    hasher.update(new Uint32Array(sizes));
    this.identity = hasher.digest("hex");
    this.tell(false);
  }

  /** Whether a packet is the list's end; false: an entry all the same. */
  #ends(value: Uint8Array): boolean {
    const packet = decode(Packet, value);
    if (packet.type === PacketType.error) throw invalid(Buffer.from(packet.data).toString("utf8"));
    if (packet.type !== PacketType.stat) throw invalid(`the client sent packet ${packet.type} before its list ended`);
    return packet.stat === undefined;
  }
}
