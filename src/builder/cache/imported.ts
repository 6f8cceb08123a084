import type { Lease } from "../../image/collect/lease.ts";
import { layerSize } from "../../image/layer/find.ts";
import { registerLayer } from "../../image/layer/layers.ts";
import { EngineError, errorMessage } from "../../lib/errors.ts";
import { timeNow } from "../../linux/clock.ts";
import type { Descriptor } from "../../oci/image.ts";
import type { BuilderDeps } from "../deps.ts";
import { addCached, findCached } from "../table.ts";
import type { CacheStep } from "./document.ts";

/** A cache that a build may take from. */
export interface CacheSource {
  name: string;
  steps: readonly CacheStep[];
  layers: ReadonlyMap<string, Descriptor>;
  /** Brings a layer's archive into the blob store. */
  bring(layer: Descriptor, signal: AbortSignal): Promise<void>;
}

/** A layer that a cache told of cannot be had: the build goes on without what leads to it. */
export class CacheLost extends EngineError {
  constructor(
    readonly source: string,
    cause?: unknown,
  ) {
    super("unavailable", `cannot take the cache of ${source}${cause === undefined ? "" : `: ${errorMessage(cause)}`}`, {
      cause,
    });
  }
}

/**
 * The caches that a build was given (`--cache-from`). A step that is found there counts as done at once; its layer
 * comes when somebody needs the files.
 */
export class ImportedCaches {
  readonly #steps = new Map<string, { source: CacheSource; step: CacheStep }>();
  #sources: CacheSource[] = [];

  /** `whole`: pass over steps whose layers did not come along, which then cannot be had. */
  constructor(
    private readonly deps: BuilderDeps,
    private readonly lease: Lease,
    sources: readonly CacheSource[],
    private readonly whole: boolean,
  ) {
    this.add(sources);
  }

  /** Further ones, behind those that there are. */
  add(sources: readonly CacheSource[]): void {
    this.#sources.push(...sources);
    for (const source of sources) {
      for (const step of source.steps) {
        if (this.#steps.has(step.key) || !this.#mayHave(source, step)) continue;
        this.#steps.set(step.key, { source, step });
      }
    }
  }

  /** From now on there are none. */
  forget(): void {
    this.#sources = [];
    this.#steps.clear();
  }

  #mayHave({ layers }: CacheSource, { chainId, diffId }: CacheStep): boolean {
    return !this.whole || layers.has(diffId) || layerSize(this.deps.images, chainId) !== undefined;
  }

  find(key: string): CacheStep | undefined {
    return this.#steps.get(key)?.step;
  }

  /** Waits until all layers of a result are in the store. Throws {@link CacheLost}. */
  async materialize(
    { chain, diffIds }: { chain: readonly string[]; diffIds: readonly string[] },
    signal: AbortSignal,
  ): Promise<void> {
    for (const [index, chainId] of chain.entries()) {
      this.lease.add("layer", chainId);
      if (layerSize(this.deps.images, chainId) !== undefined && this.deps.images.snapshotter.has(chainId)) continue;
      await this.#bring(chainId, diffIds[index] ?? "", chain[index - 1] ?? null, signal);
    }
  }

  async #bring(chainId: string, diffId: string, parentChainId: string | null, signal: AbortSignal): Promise<void> {
    const { deps, lease } = this;
    const source = this.#sources.find((each) => each.layers.has(diffId));
    const layer = source?.layers.get(diffId);
    if (!source || !layer)
      throw new CacheLost(
        [...this.#steps.values()].find(({ step }) => step.chainId === chainId)?.source.name ?? "a build",
      );
    lease.add("blob", layer.digest);
    try {
      await source.bring(layer, signal);
      await registerLayer(deps.images, {
        blobDigest: layer.digest,
        mediaType: layer.mediaType,
        diffId,
        parentChainId,
        lease,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw new CacheLost(source.name, error);
    }
    const size = layerSize(deps.images, chainId) ?? 0;
    // From now on the cache is this engine's own.
    const made = [...this.#steps.values()].filter(
      ({ step }) => step.chainId === chainId && step.diffId === diffId && !findCached(deps.store, step.key),
    );
    for (const [index, { step }] of made.entries()) {
      addCached(deps.store, {
        key: step.key,
        chainId,
        diffId,
        parent: parentChainId ?? "scratch",
        description: step.description,
        size: index === 0 ? size : 0,
        createdAt: step.createdAt || timeNow(),
      });
    }
  }
}
