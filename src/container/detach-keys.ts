import { invalid } from "../lib/errors.ts";

export const defaultDetachKeys = "ctrl-p,ctrl-q";

/** The bytes of a sequence like `ctrl-p,ctrl-q` or `a,b`. Throws `invalid` on what is no key. */
export function parseDetachKeys(keys: string): Uint8Array {
  const bytes = keys.split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = /^ctrl-(.)$/i.exec(key)?.[1];
    const code = control === undefined ? -1 : control.toLowerCase() >= "a" && control.toLowerCase() <= "z" ? control.toLowerCase().charCodeAt(0) - 96 : "@[\\]^_".indexOf(control);
    // `@` is NUL; the rest follow the letters: [ \ ] ^ _ are 27 to 31.
    const byte = control === undefined || code < 0 ? -1 : /[a-z]/i.test(control) ? code : code === 0 ? 0 : code + 26;
    if (byte < 0) throw invalid(`Invalid detach keys (${keys}) provided`);
    return byte;
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
