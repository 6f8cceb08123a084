import { TarError } from "./entry.ts";
import { decodeName } from "./names.ts";

/**
 * Reads what tar-split has kept of an archive (Docker's `tar-split.json.gz`, uncompressed): a JSON value on each line,
 * either bytes of the archive as they were (headers, padding) or a member whose content is in the unpacked tree.
 */
export type SplitPart =
  | { kind: "bytes"; bytes: Uint8Array }
  /** `name` as the archive has it; `size` bytes of content, 0 for what has none. */
  | { kind: "content"; name: string; size: number };

const newline = 10;
/** A header with its extensions: 1 MiB each at most, base64. */
const LONGEST_LINE = 16 << 20;

interface Line {
  type?: unknown;
  name?: unknown;
  name_raw?: unknown;
  size?: unknown;
  payload?: unknown;
}

/** The parts in order, those of each chunk of the source together. Throws a {@link TarError} where a line is broken. */
export async function* readSplit(source: AsyncIterable<Uint8Array>): AsyncGenerator<SplitPart[]> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of source) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const parts: SplitPart[] = [];
    let from = 0;
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
      if (at > from) parts.push(partOf(bytes.subarray(from, at)));
      from = at + 1;
    }
    rest = bytes.slice(from);
    if (rest.length > LONGEST_LINE) throw new TarError("tar-split: a line is too long");
    yield parts;
  }
  if (rest.length > 0) yield [partOf(rest)];
}

function partOf(bytes: Uint8Array): SplitPart {
  let line: Line | null;
  try {
    line = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch {
    throw new TarError("tar-split: a line is no JSON");
  }
  if (line?.type === 2 && typeof line.payload === "string")
    return { kind: "bytes", bytes: Buffer.from(line.payload, "base64") };
  const size = line?.size ?? 0;
  if (line?.type !== 1 || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw new TarError("tar-split: a line is neither bytes nor content");
  // Names that are no UTF-8 stand in a field of their own.
  if (typeof line.name_raw === "string")
    return { kind: "content", name: decodeName(Buffer.from(line.name_raw, "base64")), size };
  return { kind: "content", name: typeof line.name === "string" ? line.name : "", size };
}
