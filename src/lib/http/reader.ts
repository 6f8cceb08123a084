import type { Duplex } from "./duplex.ts";

/** The connection ended, or what came over it is no HTTP. */
export class BrokenAnswer extends Error {}

/** Reads lines and byte counts from a connection; what was read too much is kept for the next call. */
export class ByteReader {
  #rest: Uint8Array = new Uint8Array(0);

  constructor(readonly source: Pick<Duplex, "read">) {}

  /** The next bytes, at most `max`; null at the end. */
  async some(max = Infinity): Promise<Uint8Array | null> {
    if (this.#rest.length === 0) {
      const chunk = await this.source.read();
      if (chunk === null) return null;
      this.#rest = chunk;
    }
    const taken = this.#rest.length <= max ? this.#rest : this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** The next line without its line end; null where the connection ended before any byte of it. */
  async line(limit = 64 * 1024): Promise<string | null> {
    let text = "";
    for (;;) {
      if (this.#rest.length === 0) {
        const chunk = await this.source.read();
        if (chunk === null) {
          if (text === "") return null;
          throw new BrokenAnswer("unexpected EOF");
        }
        this.#rest = chunk;
      }
      const at = this.#rest.indexOf(10);
      const piece = at < 0 ? this.#rest : this.#rest.subarray(0, at);
      text += decoder.decode(piece);
      this.#rest = this.#rest.subarray(at < 0 ? this.#rest.length : at + 1);
      if (at >= 0) return text.endsWith("\r") ? text.slice(0, -1) : text;
      if (text.length > limit) throw malformed("malformed HTTP response: line too long");
    }
  }
}

// Header bytes map one to one, so that a piece may end anywhere.
const decoder = new TextDecoder("latin1");

/** The error for an answer that is not HTTP, with the beginning of Go's text, which docker shows for it. */
export const malformed = (what: string): BrokenAnswer =>
  new BrokenAnswer(`net/http: HTTP/1.x transport connection broken: ${what}`);
