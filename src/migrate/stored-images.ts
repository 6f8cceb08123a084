import { holderOf } from "../image/take.ts";
import { contentSize, takeContent } from "../image/take-content.ts";
import { errorMessage } from "../lib/errors.ts";
import { shortId } from "../lib/ids.ts";
import { hexOf } from "../oci/digest.ts";
import { familiarString } from "../oci/reference.ts";
import type { MigrateDeps } from "./deps.ts";
import type { ContainerdRoot, StoredImage } from "./docker/containerd.ts";
import type { Step } from "./step.ts";

/** What images of containerd's store are here, by the digest that Docker has as their id. */
export type TakenImages = Map<string, string>;

/** The images of containerd's image store. Those that are taken are noted in `taken`, for containers. */
export async function storedImageSteps(
  deps: MigrateDeps,
  containerd: ContainerdRoot,
  taken: TakenImages,
): Promise<Step[]> {
  const counted = new Set<string>();
  const steps: Step[] = [];
  for (const image of containerd.images) steps.push(await storedImageStep(deps, containerd, image, taken, counted));
  return steps;
}

async function storedImageStep(
  { images }: MigrateDeps,
  { content }: ContainerdRoot,
  image: StoredImage,
  taken: TakenImages,
  counted: Set<string>,
): Promise<Step> {
  const { target } = image;
  const names = image.names.map(familiarString);
  const holders = image.names.map((name) => holderOf(images, name));
  const { blobs, problem } = await contentSize(target, content).then(
    (blobs) => ({ blobs, problem: undefined }),
    (error: unknown) => ({ blobs: new Map<string, number>(), problem: errorMessage(error) }),
  );
  const known = [...blobs.keys()].every((digest) => images.blobs.has(digest)) && images.blobs.has(target);
  const isHere = problem === undefined && known && !holders.includes(undefined);
  let size = 0;
  for (const [digest, bytes] of blobs) {
    if (counted.has(digest) || images.blobs.has(digest)) continue;
    counted.add(digest);
    size += bytes;
  }
  const step: Step = {
    item: {
      Kind: "image",
      Name: names[0] ?? `<none> ${shortId(hexOf(target))}`,
      ID: target,
      State: isHere ? "present" : problem === undefined ? "take" : "cannot",
      Reason: problem ?? "",
      Copied: isHere ? 0 : size,
      Shared: 0,
    },
    names: [target, ...names, ...names.map((name) => name.replace(/:latest$/, ""))],
    needs: [],
    async take({ lease, tell, signal }) {
      let done = 0;
      const record = await takeContent(images, image, {
        path: content,
        lease,
        signal,
        tell: (bytes) => {
          done += bytes;
          tell(done);
        },
      });
      taken.set(target, record.id);
    },
  };
  if (isHere) {
    const [holder] = holders;
    if (holder !== undefined) taken.set(target, holder);
  }
  return step;
}
