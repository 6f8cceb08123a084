import { invalid } from "../../lib/errors.ts";
import {
  type BodyFraming,
  type BodyPlace,
  bodyStart,
  type LendableBody,
  type LentBody,
  MalformedBody,
  takeContent,
} from "../../lib/http-body.ts";
import { BadRequest, type RequestHead } from "./head.ts";
import type { Inbox } from "./inbox.ts";

/** What a connection lends of itself: its socket, and what it has read of it. */
export interface LentSocket {
  fd: number;
  ahead: Uint8Array;
  /** The connection reads again, after these. */
  giveBack(rest: Uint8Array): void;
}

/** A request's body. Read once, by iterating; what nobody reads is dropped by {@link drain}. */
export class RequestBody implements LendableBody {
  readonly #framing: BodyFraming;
  #place: BodyPlace;
  #askedFor100: boolean;
  /** Read already, and still to be given to who reads it. */
  #kept: Uint8Array[] = [];
  /** It was lent and not read to its end: nobody can tell where the next request begins. */
  #lost = false;

  /**
   * `sendContinue` is called before the first read where the client waits for it; `lendSocket` lets another read on,
   * or says that nobody else can.
   */
  constructor(
    private readonly inbox: Inbox,
    head: RequestHead,
    private readonly sendContinue: () => Promise<void>,
    private readonly lendSocket: () => Promise<LentSocket | null> = async () => null,
  ) {
    this.#framing = framing(head);
    this.#place = bodyStart(this.#framing);
    this.#askedFor100 = head.minor === 1 && !this.done && head.headers.get("expect")?.toLowerCase() === "100-continue";
  }

  /** Bytes to come in all; null where that is not known beforehand. */
  get length(): number | null {
    return this.#framing === "chunked" ? null : this.#framing.length;
  }

  get done(): boolean {
    return this.#place.state === "done";
  }

  /** The client holds the body back until it is told to send it. */
  get withheld(): boolean {
    return this.#askedFor100;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let kept = this.#kept.shift(); kept; kept = this.#kept.shift()) yield kept;
    for (let chunk = await this.#next(); chunk; chunk = await this.#next()) yield chunk;
  }

  /** The whole body, which is then still to be read; null: it has more than `limit` bytes, and is not to be read. */
  async peek(limit: number): Promise<Uint8Array | null> {
    if ((this.length ?? 0) > limit) return null;
    let size = 0;
    const chunks: Uint8Array[] = [];
    for await (const chunk of this) {
      size += chunk.length;
      if (size > limit) return null;
      // The connection may use its memory again.
      chunks.push(Uint8Array.from(chunk));
    }
    this.#kept = chunks;
    return Buffer.concat(chunks);
  }

  /** The whole body. Throws `invalid` where it has more than `limit` bytes. */
  async bytes(limit: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    if ((this.length ?? 0) > limit) throw tooLarge();
    for await (const chunk of this) {
      size += chunk.length;
      if (size > limit) throw tooLarge();
      chunks.push(chunk);
    }
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  }

  /** Reads on to the end where that takes no more than `limit` bytes; says whether it got there. */
  async drain(limit: number): Promise<boolean> {
    if (this.withheld || this.#lost || (this.length !== null && this.#place.remaining > limit)) return this.done;
    let size = 0;
    for await (const chunk of this) {
      size += chunk.length;
      if (size > limit) return false;
    }
    return true;
  }

  async lend(): Promise<LentBody | null> {
    if (this.done || this.#kept.length > 0) return null;
    await this.#continue();
    const socket = await this.lendSocket();
    if (!socket) return null;
    this.#lost = true;
    let rest: Uint8Array = new Uint8Array();
    return {
      fd: socket.fd,
      ahead: socket.ahead,
      place: this.#place,
      finish: (beyond) => {
        this.#place = { ...this.#place, state: "done", remaining: 0 };
        this.#lost = false;
        rest = beyond;
      },
      [Symbol.dispose]: () => socket.giveBack(rest),
    };
  }

  async #next(): Promise<Uint8Array | null> {
    await this.#continue();
    while (!this.done) {
      if (this.#lost) throw invalid("unexpected EOF");
      const bytes = await this.inbox.read();
      if (!bytes) throw invalid("unexpected EOF");
      const { content, used } = this.#take(bytes);
      this.inbox.unread(bytes.subarray(used));
      if (content.length > 0) return content;
    }
    return null;
  }

  #take(bytes: Uint8Array): { content: Uint8Array; used: number } {
    try {
      return takeContent(this.#place, bytes);
    } catch (error) {
      throw error instanceof MalformedBody ? new BadRequest(error.message) : error;
    }
  }

  async #continue(): Promise<void> {
    if (!this.#askedFor100 || this.done) return;
    this.#askedFor100 = false;
    await this.sendContinue();
  }
}

/** Aborted when a client leaves after its body has come whole. A body that is cut off tells its reader so itself. */
export function leftAfter(body: RequestBody, signal: AbortSignal): AbortSignal {
  const leaving = new AbortController();
  const check = () => {
    if (body.done) leaving.abort();
  };
  if (signal.aborted) check();
  else signal.addEventListener("abort", check, { once: true });
  return leaving.signal;
}

function framing(head: RequestHead): BodyFraming {
  const coding = head.headers.get("transfer-encoding");
  const length = head.headers.get("content-length");
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked")
      throw new BadRequest(`unsupported transfer encoding: ${JSON.stringify(coding)}`, 501);
    if (length !== undefined) throw new BadRequest("both a length and a transfer encoding");
    return "chunked";
  }
  if (length === undefined) return { length: 0 };
  if (!/^\d{1,15}$/.test(length)) throw new BadRequest("malformed Content-Length");
  return { length: Number(length) };
}

const tooLarge = () => invalid("the request body is too large");
