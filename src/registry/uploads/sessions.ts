import { KeyedLock } from "../../lib/lock.ts";

/** The running digest of an upload's first `offset` bytes. */
export interface HashState {
  hasher: Bun.CryptoHasher;
  offset: number;
}

const mostHashes = 4096;

/**
 * What a running process remembers of uploads beside the disk: who is writing, and the running digests. Losing it
 * costs a second read of the file, never correctness.
 */
export class UploadSessions {
  readonly locks = new KeyedLock();
  readonly #hashes = new Map<string, HashState>();
  /** Uploads begun here and neither finished nor given up, by the time of their last request. */
  readonly #open = new Map<string, number>();

  /** Hands out the state and forgets it: a writer that fails leaves nothing wrong behind. */
  takeHash(id: string, offset: number): HashState | undefined {
    const state = this.#hashes.get(id);
    this.#hashes.delete(id);
    return state?.offset === offset ? state : undefined;
  }

  keepHash(id: string, state: HashState): void {
    this.#hashes.set(id, state);
    const oldest = this.#hashes.keys().next().value;
    if (this.#hashes.size > mostHashes && oldest !== undefined) this.#hashes.delete(oldest);
  }

  touch(id: string, now: number): void {
    this.#open.set(id, now);
  }

  close(id: string): void {
    this.#open.delete(id);
    this.#hashes.delete(id);
  }

  lastTouched(id: string): number | undefined {
    return this.#open.get(id);
  }

  /** How many uploads have had a request since `time`. */
  activeSince(time: number): number {
    let count = 0;
    for (const [id, touched] of this.#open) {
      if (touched >= time || this.locks.isHeld(id)) count++;
    }
    return count;
  }
}
