import { errno, libc, ptr, SystemError } from "../syscall.ts";

const MiB = 1024 * 1024;
/** How often the filesystem is asked again: others write to it too. */
const RECHECK = 256 * MiB;
/** Left for everybody else, so that an archive bomb does not take the database down with it. */
const RESERVE = 64 * MiB;

/** Free bytes for unprivileged writers on the filesystem of an open directory. */
export function freeBytes(fd: number): number {
  const buffer = Buffer.alloc(256);
  const path = Buffer.from(`/proc/self/fd/${fd}\0`);
  if (libc.statfs(ptr(path), ptr(buffer)) < 0) throw new SystemError("statfs", errno());
  // struct statfs on 64-bit machines: type, bsize, blocks, bfree, bavail, …
  return Number(buffer.readBigInt64LE(8)) * Number(buffer.readBigUInt64LE(32));
}

/** Counts bytes against a limit, or against what the filesystem has to give. */
export class SpaceGuard {
  taken = 0;
  #until: number;

  constructor(private readonly fd: number, private readonly limit?: number) {
    this.#until = this.#next();
  }

  take(bytes: number): void {
    this.taken += bytes;
    if (this.limit !== undefined && this.taken > this.limit) throw new SystemError("write", 27, "archive holds more than allowed");
    if (this.taken <= this.#until) return;
    this.#until = this.#next();
    if (this.taken > this.#until) throw new SystemError("write", 28);
  }

  /** Small writes are not stopped: ENOSPC itself does that. */
  #next(): number {
    return this.taken + Math.min(RECHECK, Math.max(freeBytes(this.fd) - RESERVE, 0));
  }
}
