/** MessagePack, as far as the forward protocol of Fluentd needs it. */

/** Bytes that are written as a text, whatever they are. */
export type Packable = string | Uint8Array | readonly Packable[] | { readonly [key: string]: Packable } | Packed;

/** What is packed already. */
export class Packed {
  constructor(readonly bytes: Buffer) {}
}

/** A value's bytes. */
export function pack(value: Packable): Buffer {
  if (value instanceof Packed) return value.bytes;
  if (typeof value === "string") return text(Buffer.from(value));
  if (value instanceof Uint8Array) return text(value);
  if (isList(value)) return Buffer.concat([head(value.length, 0x90, 16, [0xdc, 2], [0xdd, 4]), ...value.map(pack)]);
  const entries = Object.entries(value);
  return Buffer.concat([
    head(entries.length, 0x80, 16, [0xde, 2], [0xdf, 4]),
    ...entries.flatMap(([key, item]) => [pack(key), pack(item)]),
  ]);
}

const isList = (value: Packable): value is readonly Packable[] => Array.isArray(value);

function text(bytes: Uint8Array): Buffer {
  return Buffer.concat([head(bytes.length, 0xa0, 32, [0xd9, 1], [0xda, 2], [0xdb, 4]), bytes]);
}

/** A type with its length: in one byte where it is below `small`, else in the first of the forms that has room. */
function head(length: number, tag: number, small: number, ...forms: [tag: number, size: number][]): Buffer {
  if (length < small) return Buffer.of(tag | length);
  const [form, size] = forms.find(([, bytes]) => length < 2 ** (8 * bytes)) ?? [0, 0];
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = form;
  bytes.writeUIntBE(length, 1, size);
  return bytes;
}

/**
 * Takes texts out of maps of texts that come one after the other, in pieces of any size; anything else is an error.
 */
export class MapReader {
  #rest = Buffer.alloc(0);

  /** The maps that are complete with this piece. Throws where it is something else. */
  push(piece: Uint8Array): Record<string, string>[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const maps: Record<string, string>[] = [];
    for (;;) {
      const read = readMap(this.#rest);
      if (read === null) return maps;
      maps.push(read.map);
      this.#rest = this.#rest.subarray(read.end);
    }
  }
}

/** Null where it is not all there. */
function readMap(bytes: Buffer): { map: Record<string, string>; end: number } | null {
  const tag = bytes[0];
  if (tag === undefined) return null;
  if ((tag & 0xf0) !== 0x80) throw new Error(`an answer that is no map: 0x${tag.toString(16)}`);
  const map: Record<string, string> = {};
  let end = 1;
  for (let left = tag & 0x0f; left > 0; left--) {
    const key = readText(bytes, end);
    const value = key && readText(bytes, key.end);
    if (!key || !value) return null;
    map[key.text] = value.text;
    end = value.end;
  }
  return { map, end };
}

function readText(bytes: Buffer, at: number): { text: string; end: number } | null {
  const tag = bytes[at];
  if (tag === undefined) return null;
  const [size, length] = (tag & 0xe0) === 0xa0 ? [0, tag & 0x1f] : lengthAt(bytes, at, tag);
  const start = at + 1 + size;
  if (length === null || bytes.length < start + length) return null;
  return { text: bytes.toString("utf8", start, start + length), end: start + length };
}

/** Of a text or of bytes. */
function lengthAt(bytes: Buffer, at: number, tag: number): [size: number, length: number | null] {
  const size = { 217: 1, 218: 2, 219: 4, 196: 1, 197: 2, 198: 4 }[tag];
  if (size === undefined) throw new Error(`an answer that is no text: 0x${tag.toString(16)}`);
  return [size, bytes.length < at + 1 + size ? null : bytes.readUIntBE(at + 1, size)];
}
