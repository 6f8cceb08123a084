import { writeAll } from "../at.ts";
import { errno, libc, SystemError } from "../syscall.ts";

/** Bytes that are checked for zeros in one go. */
const PIECE = 4096;
/** Zeros in fewer bytes than this are written as they are: a file in many pieces is slower than one that is longer. */
const SHORTEST_HOLE = 64 * 1024;
const zeros = new Uint8Array(SHORTEST_HOLE);

/**
 * Writes a file from front to back, but leaves long runs of zeros out, so that they stay holes. Whoever uses it sets
 * the file's length at the end: its last bytes may have been left out.
 */
export class HoleWriter {
  /** Zeros up to where the file has come, not written yet. */
  #run = 0;
  #end = 0;

  constructor(private readonly fd: number) {}

  /** Takes the next bytes, at the end of the last ones or after a gap. Returns how many were written. */
  write(chunk: Uint8Array, offset: number): number {
    let run = offset === this.#end ? this.#run : 0;
    let written = 0;
    /** Where what is still to be written begins. */
    let from = 0;
    const put = (bytes: Uint8Array, at: number) => {
      if (bytes.length > 0) writeAll(this.fd, bytes, at);
      written += bytes.length;
    };
    for (let at = 0; at < chunk.length; at += PIECE) {
      const end = Math.min(at + PIECE, chunk.length);
      if (isZero(chunk, at, end)) {
        run += end - at;
        continue;
      }
      if (run >= SHORTEST_HOLE) {
        put(chunk.subarray(from, Math.max(from, at - run)), offset + from);
        from = at;
      } else if (run > at) put(zeros.subarray(0, run - at), offset + at - run);
      run = 0;
    }
    put(chunk.subarray(from, Math.max(from, chunk.length - run)), offset + from);
    this.#run = run;
    this.#end = offset + chunk.length;
    return written;
  }
}

function isZero(chunk: Uint8Array, at: number, end: number): boolean {
  return (
    chunk[at] === 0 &&
    chunk[end - 1] === 0 &&
    Buffer.compare(chunk.subarray(at, end), zeros.subarray(0, end - at)) === 0
  );
}

const SEEK = { SET: 0, DATA: 3, HOLE: 4 } as const;
const ENXIO = 6;

/**
 * The next stretch of data at or after `at`, as [start, end], and the descriptor at its start; null: holes to the end.
 */
export function nextData(fd: number, at: number, size: number): [start: number, end: number] | null {
  const start = seek(fd, at, SEEK.DATA);
  if (start === null || start >= size) return null;
  const end = Math.min(seek(fd, start, SEEK.HOLE) ?? size, size);
  seek(fd, start, SEEK.SET);
  return [start, end];
}

function seek(fd: number, offset: number, whence: number): number | null {
  const result = Number(libc.lseek64(fd, offset, whence));
  if (result >= 0) return result;
  const code = errno();
  if (code === ENXIO) return null;
  throw new SystemError("lseek", code);
}
