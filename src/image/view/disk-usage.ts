import type { ImageSummary, ImagesDiskUsage } from "../../api/types/image.ts";
import type { ImageDeps } from "../deps.ts";
import { allLayers } from "../layer-table.ts";
import { listImages } from "./list.ts";

/**
 * The images' part of `docker system df`. `TotalSize` counts every layer once; of it all can be freed but what the
 * images in use have for themselves, which is how Docker counts.
 */
export function imagesDiskUsage(deps: ImageDeps): ImagesDiskUsage & { Items: ImageSummary[] } {
  const images = listImages(deps, { sharedSize: true });
  const used = images.filter(({ Containers }) => Containers > 0);
  const TotalSize = allLayers(deps.store).reduce((sum, layer) => sum + layer.size, 0);
  return {
    ActiveCount: used.length,
    TotalCount: images.length,
    Reclaimable: used.reduce((rest, { Size, SharedSize }) => rest - (Size - SharedSize), TotalSize),
    TotalSize,
    Items: images,
  };
}
