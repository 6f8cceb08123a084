import { invalid } from "../../lib/errors.ts";

/** The keys that detach from a terminal where neither request nor daemon names others, as in Docker. */
export const defaultDetachKeys = "ctrl-p,ctrl-q";

/**
 * The bytes of a sequence like `ctrl-p,ctrl-q` or `a,b`. Throws `invalid` on what is no key; `what` is Docker's word
 * for them there.
 */
export function parseDetachKeys(keys: string, what: "detach" | "escape" = "detach"): Uint8Array {
  const bytes = keys.split(",").map((key) => {
    if (/^[\x00-\x7f]$/.test(key)) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    if (control === undefined) throw invalid(`Invalid ${what} keys (${keys}) provided`);
    // `@` is NUL, letters are 1 to 26, and [ \ ] ^ _ follow.
    return control.toUpperCase().charCodeAt(0) - 64;
  });
  return Uint8Array.from(bytes);
}

/**
 * Watches a stream of input for the detach sequence. What may be the beginning of the sequence is held back and let
 * through once it turns out to be something else; the sequence itself never goes through.
 */
export class DetachScanner {
  #matched = 0;

  constructor(private readonly keys: Uint8Array) {}

  /** What may pass on, and whether the sequence is now complete (the rest of the input is dropped). */
  scan(input: Uint8Array): { pass: Uint8Array; detached: boolean } {
    if (this.keys.length === 0) return { pass: input, detached: false };
    // The common case costs nothing: no key of the sequence in sight.
    if (this.#matched === 0 && !input.includes(this.keys[0] ?? 0)) return { pass: input, detached: false };
    const pass: number[] = [];
    for (const byte of input) {
      if (byte === this.keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.keys.length) return { pass: Uint8Array.from(pass), detached: true };
        continue;
      }
      pass.push(...this.keys.subarray(0, this.#matched));
      this.#matched = 0;
      if (byte === this.keys[0]) this.#matched = 1;
      else pass.push(byte);
    }
    return { pass: Uint8Array.from(pass), detached: false };
  }
}
