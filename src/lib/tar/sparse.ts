import { number } from "./block.ts";
import { BLOCK, type SparsePart, TarError } from "./entry.ts";
import { type PaxRecords, paxInteger, paxText } from "./pax.ts";

/**
 * Maps of sparse files in their four encodings: GNU's old header (`S`), and PAX 0.0, 0.1 and 1.0
 * (GNU tar manual, "Storing Sparse Files").
 */
const broken = () => new TarError("archive/tar: invalid tar header");
/** More parts than any sane file has: bounds the memory that a header may claim. */
const MAX_PARTS = 1 << 20;

/** Checks order and bounds and drops empty parts. */
export function checkParts(parts: SparsePart[], realSize: number): SparsePart[] {
  let at = 0;
  for (const part of parts) {
    if (part.offset < at || part.length < 0 || part.offset + part.length > realSize) throw broken();
    at = part.offset + part.length;
  }
  return parts.filter((part) => part.length > 0);
}

/** The up to four parts in an old GNU header block, or the 21 of an extension block. */
export function gnuParts(block: Uint8Array, offset: number, count: number, into: SparsePart[]): void {
  for (let i = 0; i < count; i++) {
    const at = offset + i * 24;
    if (block[at] === 0) return;
    into.push({ offset: number(block, at, 12), length: number(block, at + 12, 12) });
    if (into.length > MAX_PARTS) throw broken();
  }
}

/** PAX 0.x: the map is in the records (0.0's repeated keys were folded into `GNU.sparse.map` on reading). */
export function paxParts(records: PaxRecords): SparsePart[] {
  const map = paxText(records, "GNU.sparse.map") ?? "";
  const numbers = map === "" ? [] : map.split(",").map(decimal);
  const count = paxInteger(records, "GNU.sparse.numblocks");
  if (numbers.length % 2 !== 0 || (count !== undefined && count * 2 !== numbers.length)) throw broken();
  if (numbers.length > 2 * MAX_PARTS) throw broken();
  const parts: SparsePart[] = [];
  for (let i = 0; i < numbers.length; i += 2) parts.push({ offset: numbers[i]!, length: numbers[i + 1]! });
  return parts;
}

/** PAX 1.0: the map leads the data, as decimal lines padded to a block. Fed block by block. */
export class SparseMapReader {
  #text = "";
  #numbers: number[] = [];
  #wanted = -1;

  /** Takes one block; the map once it is complete. */
  push(block: Uint8Array): SparsePart[] | undefined {
    this.#text += String.fromCharCode(...block.subarray(0, BLOCK));
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end < 0) break;
      const value = decimal(this.#text.slice(0, end));
      this.#text = this.#text.slice(end + 1);
      if (this.#wanted < 0) {
        if (value > MAX_PARTS) throw broken();
        this.#wanted = 2 * value;
      } else {
        this.#numbers.push(value);
      }
      if (this.#numbers.length === this.#wanted) return this.#parts();
    }
    if (this.#text.length > 20) throw broken();
    return undefined;
  }

  #parts(): SparsePart[] {
    const parts: SparsePart[] = [];
    for (let i = 0; i < this.#numbers.length; i += 2)
      parts.push({ offset: this.#numbers[i]!, length: this.#numbers[i + 1]! });
    return parts;
  }
}

function decimal(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw broken();
  return value;
}
