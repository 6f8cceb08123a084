import { invalid } from "./errors.ts";

const MAGIC = 0xfd2fb528;
/** Frames that carry no content: 0x184d2a50 … 0x184d2a5f. */
const SKIPPABLE = 0x184d2a50;

type State = "magic" | "skippable" | "header" | "block" | "last";

/**
 * Follows the frames of a zstd stream (RFC 8878, section 3) without decoding them, to know whether it ends where a
 * frame does: Bun's decoder takes a stream that was cut short for a whole one.
 */
export class ZstdFrames {
  #held = new Uint8Array(14);
  #fill = 0;
  #skip = 0;
  #state: State = "magic";
  #checksum = false;

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      this.#held[this.#fill++] = chunk[at++]!;
      this.#advance();
    }
  }

  /** Throws `unexpected EOF` where something is missing. */
  end(): void {
    if (this.#state === "last" && this.#skip === 0) this.#state = "magic";
    if (this.#state !== "magic" || this.#fill > 0 || this.#skip > 0) throw invalid("unexpected EOF");
  }

  #advance(): void {
    // After the last block's content the next byte begins a new frame.
    if (this.#state === "last") this.#state = "magic";
    const view = new DataView(this.#held.buffer);
    if (this.#state === "magic" && this.#fill === 4) {
      const magic = view.getUint32(0, true);
      if (magic !== MAGIC && (magic & ~0xf) >>> 0 !== SKIPPABLE) throw invalid("zstd: corrupt input");
      this.#next(magic === MAGIC ? "header" : "skippable");
    } else if (this.#state === "skippable" && this.#fill === 4) {
      this.#skip = view.getUint32(0, true);
      this.#next("last");
    } else if (this.#state === "header" && this.#fill === 1) {
      const descriptor = this.#held[0]!;
      const single = (descriptor >> 5) & 1;
      this.#checksum = (descriptor & 4) !== 0;
      this.#skip = (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + [single, 2, 4, 8][descriptor >> 6]!;
      this.#next("block");
    } else if (this.#state === "block" && this.#fill === 3) {
      const header = this.#held[0]! | (this.#held[1]! << 8) | (this.#held[2]! << 16);
      const last = (header & 1) !== 0;
      const isRun = ((header >> 1) & 3) === 1;
      this.#skip = (isRun ? 1 : header >> 3) + (last && this.#checksum ? 4 : 0);
      this.#next(last ? "last" : "block");
    }
  }

  #next(state: State): void {
    this.#state = state;
    this.#fill = 0;
  }
}
