import { invalid } from "../../lib/errors.ts";

/** The query of a request, read as Docker reads it. */
export class Query {
  readonly #values: URLSearchParams;

  constructor(text: string) {
    this.#values = new URLSearchParams(text);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** The first value; empty where there is none. */
  get(key: string): string {
    return this.#values.get(key) ?? "";
  }

  all(key: string): string[] {
    return this.#values.getAll(key);
  }

  /** Anything but `0`, `no`, `false`, `none` and nothing is true; `fallback` where the key is absent. */
  bool(key: string, fallback = false): boolean {
    if (!this.has(key)) return fallback;
    return !["", "0", "no", "false", "none"].includes(this.get(key).trim().toLowerCase());
  }

  /** A whole number; undefined where there is none. Throws `invalid` for anything else. */
  int(key: string): number | undefined {
    const text = this.get(key);
    if (text === "") return undefined;
    if (!/^[+-]?\d{1,18}$/.test(text)) throw invalid(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
    return Number(text);
  }

  /** A 32-bit size that must be there. `what` names it in the error: `resize height`. */
  uint32(key: string, what: string): number {
    const text = this.get(key);
    const digits = text.replace(/^-/, "");
    const complaint = !/^\d+$/.test(digits)
      ? "invalid syntax"
      : text.startsWith("-") || digits.length > 10 || Number(digits) > 0xffff_ffff
        ? "value out of range"
        : null;
    if (complaint) throw invalid(`invalid ${what} ${JSON.stringify(text)}: ${complaint}`);
    return Number(text);
  }
}
