import { applyNft } from "../../linux/nft/apply.ts";

interface Change {
  script: string;
  done: () => void;
  failed: (error: unknown) => void;
}

/**
 * Changes to the table, one transaction at a time. What is asked for while one runs goes into the next together,
 * so a hundred containers starting at once do not wait for a hundred runs of nft.
 */
export class FirewallQueue {
  readonly #waiting: Change[] = [];
  #running = false;

  constructor(private readonly apply: (script: string) => Promise<void> = applyNft) {}

  /** Resolves when the kernel has it. */
  submit(script: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ script, done: resolve, failed: reject });
    if (!this.#running) void this.#work();
    return promise;
  }

  async #work(): Promise<void> {
    this.#running = true;
    for (;;) {
      const batch = this.#waiting.splice(0);
      if (batch.length === 0) break;
      await this.#applyAll(batch);
    }
    this.#running = false;
  }

  async #applyAll(batch: Change[]): Promise<void> {
    try {
      await this.apply(batch.map((change) => change.script).join(""));
      for (const change of batch) change.done();
    } catch (error) {
      if (batch.length === 1) return batch[0]?.failed(error);
      // One bad change must not fail the others.
      for (const change of batch) await this.#applyAll([change]);
    }
  }
}
