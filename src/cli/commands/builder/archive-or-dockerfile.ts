/** The first bytes of a stream, and the whole of it. */
export async function peek(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): Promise<{ head: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let held = 0;
  while (held < size) {
    const next = await iterator.next();
    if (next.done) break;
    parts.push(next.value);
    held += next.value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* parts;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  }
  return { head: Buffer.concat(parts).subarray(0, size), all: all() };
}

const magics = [
  [0x1f, 0x8b, 0x08],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  [0x28, 0xb5, 0x2f, 0xfd],
];

/** Whether the bytes begin an archive: compressed (gzip, bzip2, xz, zstd), or a tar header whose checksum is right. */
export function isArchive(head: Uint8Array): boolean {
  if (magics.some((magic) => magic.every((byte, i) => head[i] === byte))) return true;
  if (head.length < 512) return false;
  const written = parseInt(
    Buffer.from(head.subarray(148, 156))
      .toString("latin1")
      .replace(/[\0 ]+$/, "")
      .trim(),
    8,
  );
  const sum = head.subarray(0, 512).reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  return written === sum;
}
