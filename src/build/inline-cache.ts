import { layerByChain } from "../image/layer-table.ts";
import type { ImageRecord } from "../image/record.ts";
import { isObject } from "../oci/parse.ts";
import type { BuildContext } from "./context.ts";
import type { StageResult } from "./result.ts";
import { addCached, findCached, stepsOf } from "./table.ts";

/** Field of an image's configuration file that carries the keys of its layers, for builds elsewhere (`--cache-from`). */
export const inlineCacheField = "berth.build.cache.v1";

/** One step per entry: its key, the number of the layer that it made (−1: none of its own), what it stands upon, what it was. */
type InlineEntry = [key: string, layer: number, description: string];

/** The cache keys of a result's layers. */
export function inlineCache(ctx: BuildContext, stage: StageResult): InlineEntry[] {
  return stage.chain.flatMap((chainId, index) => stepsOf(ctx.store, chainId).filter((step) => step.diffId !== "").map((step): InlineEntry => [step.key, index, step.description]));
}

/** Takes the keys of an image that is here into the cache. Its layers are registered, so they are found again. */
export async function importInlineCache(ctx: BuildContext, image: ImageRecord): Promise<number> {
  const file: unknown = JSON.parse(new TextDecoder().decode(await ctx.images.blobs.read(image.id)));
  const entries = isObject(file) && Array.isArray(file[inlineCacheField]) ? file[inlineCacheField] : [];
  let taken = 0;
  for (const entry of entries) {
    if (!Array.isArray(entry)) continue;
    const [key, index, description] = entry;
    if (typeof key !== "string" || !/^[0-9a-f]{64}$/.test(key) || typeof index !== "number") continue;
    const chainId = image.chainIds[index];
    const layer = chainId === undefined ? null : layerByChain(ctx.store, chainId);
    if (!layer || findCached(ctx.store, key)) continue;
    addCached(ctx.store, {
      key, chainId: layer.chain_id, diffId: layer.diff_id, parent: layer.parent_chain_id ?? "scratch", size: layer.size,
      description: typeof description === "string" ? description : "", createdAt: image.created || new Date().toISOString(),
    });
    taken++;
  }
  return taken;
}
