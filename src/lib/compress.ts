import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { constants, crc32, deflateRaw, zstdCompress } from "node:zlib";

const deflate = promisify(deflateRaw);
const zstd = promisify(zstdCompress);

/**
 * Compresses a stream on all processors: it is cut into pieces, which are compressed side by side and joined in order
 * (gzip: one member whose pieces know the end of the one before, as pigz makes it; zstd: a frame each). Equal content
 * gives equal output, whatever the machine. Chunks of the source may be of any size, and are held till compressed.
 */
export async function* compress(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  format: "gzip" | "zstd",
  level = format === "gzip" ? 6 : 3,
): AsyncGenerator<Uint8Array> {
  yield* format === "gzip"
    ? gzip(source, level)
    : inOrder(mapPieces(source, 4 << 20, (piece) => zstd(piece, zstdLevel(level))));
}

const GZIP_PIECE = 1 << 20;
const WINDOW = 32 * 1024;

async function* gzip(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  level: number,
): AsyncGenerator<Uint8Array> {
  // No time, no name, unknown system.
  yield Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
  let crc = 0;
  let length = 0;
  let before: Uint8Array | undefined;
  yield* inOrder(
    mapPieces(source, GZIP_PIECE, (piece) => {
      crc = crc32(piece, crc);
      length = (length + piece.length) % 2 ** 32;
      const dictionary = before;
      before = piece.subarray(Math.max(0, piece.length - WINDOW));
      return deflate(piece, { level, finishFlush: constants.Z_SYNC_FLUSH, ...(dictionary && { dictionary }) });
    }),
  );
  const end = Buffer.alloc(10);
  // An empty last block, then the trailer.
  end.writeUInt16LE(0x0003, 0);
  end.writeUInt32LE(crc >>> 0, 2);
  end.writeUInt32LE(length, 6);
  yield end;
}

function zstdLevel(level: number) {
  return { params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 } };
}

/** Starts `work` for each piece as it gets full; pieces but the last are of equal size. */
async function* mapPieces(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number,
  work: (piece: Uint8Array) => Promise<Uint8Array>,
): AsyncGenerator<{ job: Promise<Uint8Array> }> {
  let piece = new Uint8Array(size);
  let fill = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const take = Math.min(size - fill, chunk.length - at);
      piece.set(chunk.subarray(at, at + take), fill);
      fill += take;
      at += take;
      if (fill < size) continue;
      yield { job: work(piece) };
      piece = new Uint8Array(size);
      fill = 0;
    }
  }
  if (fill > 0) yield { job: work(piece.subarray(0, fill)) };
}

/** Keeps a few jobs under way, and gives their results in the order of asking. */
async function* inOrder(jobs: AsyncIterable<{ job: Promise<Uint8Array> }>): AsyncGenerator<Uint8Array> {
  const width = availableParallelism() + 1;
  const running: Promise<Uint8Array>[] = [];
  for await (const { job } of jobs) {
    // Its failure is seen when its turn comes.
    job.catch(() => {});
    running.push(job);
    const first = running.length >= width ? running.shift() : undefined;
    if (first) yield await first;
  }
  for (const job of running) yield await job;
}
