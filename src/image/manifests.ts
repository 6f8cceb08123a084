import type { ImageManifestSummary } from "../api/types/image.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { ImageContext } from "./context.ts";
import { recordOf } from "./images.ts";
import { layerBlobs } from "./layer-table.ts";
import type { NameRow } from "./table.ts";
import { variantsOf } from "./variants.ts";

/** The platforms that are here under some names of one image, one manifest each; none where there is only one. */
export function manifestsOf(ctx: ImageContext, names: readonly NameRow[]): ImageManifestSummary[] {
  const ids = new Set(names.flatMap((name) => variantsOf(ctx, name).map((row) => row.id)));
  return ids.size < 2 ? [] : [...ids].map((id) => summary(ctx, id));
}

function summary(ctx: ImageContext, id: string): ImageManifestSummary {
  const image = recordOf(ctx, id);
  const digest = image.manifestDigest ?? id;
  const Content = image.diffIds.reduce((sum, diffId) => sum + (layerBlobs(ctx.store, diffId)[0]?.size ?? 0), 0);
  const Containers = ctx.store.query<{ id: string }, [string]>("SELECT id FROM container WHERE image_id = ?").all(id).map((row) => row.id);
  return {
    ID: digest,
    Descriptor: { mediaType: mediaTypes.ociManifest, digest, size: 0, platform: image.platform },
    Available: true,
    Size: { Content, Total: Content + image.size },
    Kind: "image",
    ImageData: { Platform: image.platform, Containers, Size: { Unpacked: image.size } },
  };
}
