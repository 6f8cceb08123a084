import type { ImageDeps } from "../deps.ts";
import { chainTo, isInImage, layerByChain } from "../layer-table.ts";
import { isLeased } from "../lease-table.ts";

/** What others ask about layers. */

/** Bytes of a layer's files; undefined where there is no such layer. */
export function layerSize(deps: ImageDeps, chainId: string): number | undefined {
  return layerByChain(deps.store, chainId)?.size;
}

/** Chain ids of the layers that end with this one, base first. */
export function layerChain(deps: ImageDeps, chainId: string): string[] {
  return chainTo(deps.store, chainId);
}

/** `shared`: an image has the layer. `leased`: work that is under way holds it. */
export function layerUse(deps: ImageDeps, chainId: string): { shared: boolean; leased: boolean } {
  return {
    shared: isInImage(deps.store, chainId),
    leased: isLeased(deps.store, { kind: "layer", key: chainId }, Date.now()),
  };
}
