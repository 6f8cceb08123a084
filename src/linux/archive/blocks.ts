/** Gathers small pieces into blocks that are worth a message or a write. A finished block belongs to who takes it. */
export class BlockBuffer {
  #block: Uint8Array<ArrayBuffer>;
  #fill = 0;

  constructor(private readonly size = 512 * 1024) {
    this.#block = freshBlock(size);
  }

  /** Copies `bytes` in, yielding each block that gets full. */
  *push(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < bytes.length; ) {
      const take = Math.min(bytes.length - at, this.size - this.#fill);
      this.#block.set(bytes.subarray(at, at + take), this.#fill);
      at += take;
      yield* this.#advance(take);
    }
  }

  /** Lets `fill` write at most `length` bytes straight into the block; it returns how many it wrote. */
  *pull(length: number, fill: (target: Uint8Array) => number): Generator<Uint8Array<ArrayBuffer>, number> {
    const got = fill(this.#block.subarray(this.#fill, Math.min(this.size, this.#fill + length)));
    yield* this.#advance(got);
    return got;
  }

  *flush(): Generator<Uint8Array<ArrayBuffer>> {
    if (this.#fill === 0) return;
    yield this.#block.slice(0, this.#fill);
    this.#fill = 0;
  }

  *#advance(count: number): Generator<Uint8Array<ArrayBuffer>> {
    this.#fill += count;
    if (this.#fill < this.size) return;
    const full = this.#block;
    this.#block = freshBlock(this.size);
    this.#fill = 0;
    yield full;
  }
}

/** Not filled with zeros first: all of it is written before anybody gets it. */
function freshBlock(size: number): Uint8Array<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(size);
}
