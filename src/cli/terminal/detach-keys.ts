/** Detach keys: `ctrl-p,ctrl-q`, single letters, `ctrl-` with a letter or one of `@ [ \ ] ^ _`. */
import { errorMessage } from "../../lib/errors.ts";

/** ctrl-p ctrl-q */
export const defaultDetachKeys: readonly number[] = [16, 17];

/** The bytes of a key sequence; throws `Unknown character: 'x'`. */
export function parseDetachKeys(text: string): number[] {
  return text.split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key.toLowerCase());
    if (!control?.[1]) throw new Error(`Unknown character: '${key}'`);
    return control[1].toUpperCase().charCodeAt(0) - 64;
  });
}

/** The keys in force: the flag's, else the config's, else ctrl-p ctrl-q. Throws on a sequence that cannot be read. */
export function detachKeysInForce(
  flag: string,
  config: string | undefined,
): { text: string; bytes: readonly number[] } {
  const text = flag || config || "";
  if (text === "") return { text, bytes: defaultDetachKeys };
  try {
    return { text, bytes: parseDetachKeys(text) };
  } catch (error) {
    throw new Error(`invalid detach keys (${text}): ${errorMessage(error)}`);
  }
}

/** Watches typed bytes for the sequence. What may be its start is held back until a later byte decides. */
export class DetachScanner {
  #held: number[] = [];

  constructor(readonly keys: readonly number[]) {}

  /** The bytes to pass on; `detached` when the sequence is complete, the rest of the chunk then dropped. */
  push(chunk: Uint8Array): { pass: Uint8Array; detached: boolean } {
    const { keys } = this;
    if (this.#held.length === 0 && !chunk.includes(keys[0] ?? -1)) return { pass: chunk, detached: false };
    const out: number[] = [];
    for (const byte of chunk) {
      this.#held.push(byte);
      while (this.#held.some((held, i) => held !== keys[i])) out.push(this.#held.shift() ?? 0);
      if (this.#held.length === keys.length) return { pass: Uint8Array.from(out), detached: true };
    }
    return { pass: Uint8Array.from(out), detached: false };
  }
}
