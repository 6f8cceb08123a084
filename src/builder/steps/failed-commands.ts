import { Lease } from "../../image/collect/lease.ts";
import { commitLayer } from "../../image/layer/commit-layer.ts";
import { once } from "../../lib/once.ts";
import { hostPlatform } from "../../oci/platform.ts";
import type { BuilderDeps } from "../deps.ts";
import { emptyResult, type StageResult } from "../result.ts";
import { copyArchive } from "../source/copy-archive.ts";
import { planAll } from "../source/copy-plan.ts";
import type { SourceTree } from "../source/tree.ts";
import { makeLayer } from "./layer-step.ts";
import type { Files } from "./run-failed.ts";

/** Keeps what failed commands of a build stood upon and what they left, until the build has ended. */
export class FailedCommands implements AsyncDisposable {
  readonly #lease: Lease;
  readonly #snapshots = new Set<string>();

  constructor(
    private readonly deps: BuilderDeps,
    private readonly signal: AbortSignal,
  ) {
    this.#lease = new Lease(deps.images);
  }

  /** Takes over an unmounted snapshot upon a chain. */
  snapshot(key: string, { chain, diffIds }: Pick<StageResult, "chain" | "diffIds">): Files {
    this.#lease.add("snapshot", key);
    this.#snapshots.add(key);
    return once(async () => {
      this.#snapshots.delete(key);
      const layer = await commitLayer(this.deps.images, key, chain, this.#lease, this.signal);
      return { chain: [...chain, layer.chainId], diffIds: [...diffIds, layer.diffId] };
    });
  }

  layers(result: Pick<StageResult, "chain" | "diffIds">): Files {
    for (const chainId of result.chain) this.#lease.add("layer", chainId);
    return async () => result;
  }

  tree(tree: SourceTree): Files {
    const { deps, signal } = this;
    return once(async () => {
      const items = await planAll(tree, "/", { signal });
      const perform = async (root: string) => {
        await deps.images.archiver.extract(copyArchive(tree, items), root, { compression: "none" }, signal);
      };
      const layer = await makeLayer(deps, [], { perform, epoch: undefined, signal }, this.#lease);
      const { chain, diffIds } = emptyResult(hostPlatform());
      return { chain: [...chain, layer.chainId], diffIds: [...diffIds, layer.diffId] };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of this.#snapshots) await this.deps.images.snapshotter.remove(key);
    await this.#lease[Symbol.asyncDispose]();
  }
}
