import type { ImagesDiskUsage, ImageSummary } from "../api/types/image.ts";
import type { ImageContext } from "./context.ts";
import { allLayers } from "./layer-table.ts";
import { listImages } from "./list.ts";

/** The images' part of `docker system df`. `TotalSize` counts every layer once. */
export function imagesDiskUsage(ctx: ImageContext): ImagesDiskUsage & { Items: ImageSummary[] } {
  const images = listImages(ctx, { sharedSize: true });
  return {
    ActiveCount: images.filter((image) => image.Containers > 0).length,
    TotalCount: images.length,
    Reclaimable: images.filter((image) => image.Containers === 0).reduce((sum, image) => sum + image.Size - image.SharedSize, 0),
    TotalSize: allLayers(ctx.store).reduce((sum, layer) => sum + layer.size, 0),
    Items: images,
  };
}
