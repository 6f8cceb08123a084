import { invalid } from "../../lib/errors.ts";
import { BadRequest, type RequestHead } from "./head.ts";
import type { Inbox } from "./inbox.ts";

/** How the end of a body is known: none, a number of bytes, chunks. */
type Framing = { length: number } | "chunked";

/** A request's body. Read once, by iterating; what nobody reads is dropped by {@link drain}. */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #framing: Framing;
  #remaining: number;
  #state: "size" | "data" | "data-end" | "done" = "size";
  #askedFor100: boolean;
  /** Read already, and still to be given to who reads it. */
  #kept: Uint8Array[] = [];

  /** `sendContinue` is called before the first read where the client waits for it. */
  constructor(
    private readonly inbox: Inbox,
    head: RequestHead,
    private readonly sendContinue: () => Promise<void>,
  ) {
    this.#framing = framing(head);
    this.#remaining = this.#framing === "chunked" ? 0 : this.#framing.length;
    if (this.#framing !== "chunked" && this.#framing.length === 0) this.#state = "done";
    this.#askedFor100 =
      head.minor === 1 && this.#state !== "done" && head.headers.get("expect")?.toLowerCase() === "100-continue";
  }

  /** Bytes to come in all; null where that is not known beforehand. */
  get length(): number | null {
    return this.#framing === "chunked" ? null : this.#framing.length;
  }

  get done(): boolean {
    return this.#state === "done";
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
    if (this.withheld || (this.length !== null && this.#remaining > limit)) return this.done;
    let size = 0;
    for await (const chunk of this) {
      size += chunk.length;
      if (size > limit) return false;
    }
    return true;
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.#state === "done") return null;
    if (this.#askedFor100) {
      this.#askedFor100 = false;
      await this.sendContinue();
    }
    if (this.#framing === "chunked" && this.#remaining === 0) {
      await this.#nextSize();
      if (this.done) return null;
    }
    const chunk = await this.inbox.read();
    if (!chunk) throw invalid("unexpected EOF");
    const part = chunk.subarray(0, this.#remaining);
    this.inbox.unread(chunk.subarray(part.length));
    this.#remaining -= part.length;
    if (this.#remaining === 0) this.#state = this.#framing === "chunked" ? "data-end" : "done";
    return part;
  }

  /** Reads the line between two chunks; after the last one also the trailers. */
  async #nextSize(): Promise<void> {
    if (this.#state === "data-end" && (await this.#line()) !== "") throw new BadRequest("malformed chunked encoding");
    const match = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(await this.#line());
    if (!match) throw new BadRequest("malformed chunked encoding");
    this.#remaining = parseInt(match[1] ?? "", 16);
    this.#state = "data";
    if (this.#remaining > 0) return;
    for (let lines = 0; (await this.#line()) !== ""; lines++)
      if (lines > 100) throw new BadRequest("too many trailers");
    this.#state = "done";
  }

  async #line(): Promise<string> {
    let have: Uint8Array = new Uint8Array();
    for (;;) {
      const chunk = await this.inbox.read();
      if (!chunk) throw invalid("unexpected EOF");
      have = have.length === 0 ? chunk : Buffer.concat([have, chunk]);
      const end = have.indexOf(10);
      if (end > 4096 || (end < 0 && have.length > 4096)) throw new BadRequest("malformed chunked encoding");
      if (end < 0) continue;
      this.inbox.unread(have.subarray(end + 1));
      return Buffer.from(have.subarray(0, end)).toString("latin1").replace(/\r$/, "");
    }
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

function framing(head: RequestHead): Framing {
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
