import { hasImage } from "../image/find.ts";
import { layerSize } from "../image/layer/find.ts";
import { holderOf, takeImage } from "../image/take.ts";
import { shortId } from "../lib/ids.ts";
import { hexOf } from "../oci/digest.ts";
import { familiarString } from "../oci/reference.ts";
import type { MigrateDeps } from "./deps.ts";
import { type DockerImage, readImages } from "./docker/images.ts";
import type { DockerRoot } from "./docker/root.ts";
import type { Sharing, Step } from "./step.ts";

/** The images of Docker's own image store. `used`: ids of those that containers need. */
export function imageSteps(
  { images }: MigrateDeps,
  root: DockerRoot,
  used: ReadonlySet<string>,
  { clones, links }: Sharing,
): Step[] {
  const counted = new Set<string>();
  return readImages(root, used).map((image): Step => {
    const { id } = image;
    const names = image.names.map(familiarString);
    const kept = image.names.filter((name) => ![undefined, id].includes(holderOf(images, name))).map(familiarString);
    const missing = image.names.filter((name) => holderOf(images, name) === undefined);
    const isHere = hasImage(images, id) && missing.length === 0;
    const state = isHere ? "present" : image.problem === undefined ? "take" : "cannot";
    const size = state === "take" ? newBytes(image, counted) : 0;
    const shares = clones || links;
    return {
      item: {
        Kind: "image",
        Name: names[0] ?? `<none> ${shortId(hexOf(id))}`,
        ID: id,
        State: state,
        Reason: state === "cannot" ? (image.problem ?? "") : reasonOf(kept),
        Copied: shares ? 0 : size,
        Shared: shares ? size : 0,
      },
      names: [id, ...names, ...names.map((name) => name.replace(/:latest$/, ""))],
      needs: [],
      async take({ lease, share, tell, signal }) {
        let shared = 0;
        let done = 0;
        await takeImage(images, image, {
          lease,
          share,
          signal,
          tell: (layer, bytes) => {
            shared += bytes;
            done += image.layers.find(({ diffId }) => diffId === layer.diffId)?.size ?? 0;
            tell(done);
          },
        });
        this.item.Copied = Math.max(0, size - shared);
        this.item.Shared = shared;
      },
    };

    function newBytes({ layers }: DockerImage, seen: Set<string>): number {
      let bytes = 0;
      for (const { chainId, size } of layers) {
        if (seen.has(chainId) || layerSize(images, chainId) !== undefined) continue;
        seen.add(chainId);
        bytes += size;
      }
      return bytes;
    }
  });
}

function reasonOf(kept: readonly string[]): string {
  return kept.length === 0 ? "" : `stands for another image here, and is left so: ${kept.join(", ")}`;
}
