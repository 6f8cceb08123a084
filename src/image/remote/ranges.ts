import { EngineError, invalid, unavailable } from "../../lib/errors.ts";
import type { Descriptor } from "../../oci/image.ts";
import { type RegistryClient, wait } from "./client.ts";
import { blobUrl, type FetchBlobOptions, StallWatch, startsAt } from "./fetch-blob.ts";
import { pullScope } from "./fetch-manifest.ts";

/** Parts of a blob in a registry. */
export class Ranges {
  constructor(
    private readonly client: RegistryClient,
    private readonly repository: string,
    private readonly descriptor: Descriptor,
    private readonly options: FetchBlobOptions,
  ) {}

  /** The bytes from `start` up to but without `end`. Throws as {@link stream}. */
  async read(start: number, end: number): Promise<Uint8Array> {
    return Buffer.concat(await Array.fromAsync(this.stream(start, end)));
  }

  /**
   * The same as they come; a connection that breaks is taken up where it was. Throws `invalid` where the registry gives
   * something else than was asked for.
   */
  async *stream(start: number, end: number): AsyncGenerator<Uint8Array> {
    const { attempts, signal } = this.options;
    for (let at = start, broken = 0; at < end; ) {
      const before = at;
      try {
        for await (const chunk of this.#receive(at, end)) {
          at += chunk.length;
          yield chunk;
        }
        if (at < end) throw unavailable(`unexpected EOF: ${at} of ${end} bytes`);
      } catch (error) {
        signal?.throwIfAborted();
        broken = at > before ? 0 : broken + 1;
        if (broken >= attempts || (error instanceof EngineError && error.kind !== "unavailable")) throw error;
        await wait(200 * 2 ** broken, signal);
      }
    }
  }

  async *#receive(start: number, end: number): AsyncGenerator<Uint8Array> {
    using watch = new StallWatch(this.options);
    const response = await this.client.call(blobUrl(this.repository, this.descriptor), pullScope(this.repository), {
      headers: { range: `bytes=${start}-${end - 1}` },
      signal: watch.signal,
    });
    if (response.status !== 206 || !startsAt(response, start)) {
      await response.body?.cancel();
      throw invalid("the registry does not give parts of a blob");
    }
    watch.refresh();
    let left = end - start;
    for await (const chunk of response.body ?? []) {
      watch.refresh();
      left -= chunk.length;
      if (left < 0) throw invalid("the registry sent more than the part that was asked for");
      yield chunk;
    }
  }
}
