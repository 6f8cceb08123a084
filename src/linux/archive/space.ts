import { errno, libc, ptr, SystemError } from "../syscall.ts";

const MiB = 1024 * 1024;
/** How often the filesystem is asked. */
const STEP = 16 * MiB;
/** Left for everybody else, so that an archive bomb does not take the database down with it. */
const RESERVE = 64 * MiB;

/** Free bytes for unprivileged writers on the filesystem of an open file or directory. */
function freeBytes(fd: number): number {
  const buffer = Buffer.alloc(256);
  const path = Buffer.from(`/proc/self/fd/${fd}\0`);
  if (libc.statfs(ptr(path), ptr(buffer)) < 0) throw new SystemError("statfs", errno());
  // struct statfs on 64-bit machines: type, bsize, blocks, bfree, bavail, …
  return Number(buffer.readBigInt64LE(8)) * Number(buffer.readBigUInt64LE(32));
}

/** Counts bytes against a limit, or against what the filesystem has to give. */
export class SpaceGuard {
  /** Bytes of content, holes included. */
  taken = 0;
  #written = 0;
  #claimed = 0;
  #checked = 0;

  constructor(
    private readonly fd: number,
    private readonly limit?: number,
  ) {}

  /** Content of which so much was, or is to be, written. */
  take(bytes: number, written = bytes): void {
    this.#count(bytes);
    this.#written += written;
    if (this.#written - this.#checked < STEP) return;
    this.#checked = this.#written;
    // Small archives may use the last of it: then ENOSPC comes from the kernel.
    if (this.#written > RESERVE && freeBytes(this.fd) < RESERVE) throw new SystemError("write", 28);
  }

  /** Content that takes no space of its own. */
  share(bytes: number): void {
    this.#count(bytes);
  }

  /**
   * Zeros that an archive claims without bringing them. They take no space, but whoever reads the file has work with
   * them: so they may not be more than there would be room for.
   */
  claim(bytes: number, name: string): void {
    if (bytes === 0) return;
    this.#count(bytes);
    this.#claimed += bytes;
    if (this.#claimed > freeBytes(this.fd)) throw new SystemError("write", 28, JSON.stringify(name));
  }

  #count(bytes: number): void {
    this.taken += bytes;
    if (this.limit !== undefined && this.taken > this.limit)
      throw new SystemError("write", 27, "archive holds more than allowed");
  }
}
