import { type LookUp, lookUpsOf } from "../../builder/plan/look-ups.ts";
import type { Plan } from "../../builder/plan/plan.ts";
import type { BuildRequest } from "../../builder/request.ts";
import type { ImageDeps } from "../../image/deps.ts";
import { resolveImage } from "../../image/resolve.ts";
import type { Platform } from "../../oci/image.ts";
import type { Progress, Step } from "./progress.ts";

/** An image that is looked up, with the vertices that tell of it. */
interface Told {
  image: LookUp;
  /** Of the look-up, until it is done. */
  metadata: Step | undefined;
  /** Of the image itself, where no stage begins with it. */
  source: Step | undefined;
  /** A step that begins with the image shows how its look-up ends. */
  claimed: boolean;
}

/** The images that a build looks up, which is told before anything else of it. */
export class LookUps {
  readonly #byName = new Map<string, Told>();

  /** Tells of all that plans name. Of what is here no more is to be found out. */
  begin(
    plans: readonly Plan[],
    { contexts, pull }: Pick<BuildRequest, "contexts" | "pull">,
    images: ImageDeps,
    progress: Progress,
  ): void {
    for (const { base, platform, ...image } of lookUpsOf(plans, contexts)) {
      const metadata = progress.step(
        `${image.context === undefined ? "[internal]" : `[context ${image.context}]`} load metadata for ${image.name}`,
      );
      const here = image.layout || (!pull && isHere(images, image.name, platform));
      if (here) metadata.done();
      else metadata.announce();
      const source = base ? undefined : progress.step(imageName(image));
      this.#byName.set(image.name, { image, metadata: here ? undefined : metadata, source, claimed: false });
    }
  }

  /** What an image is called as a vertex; undefined: it is not known. */
  nameOf(image: string): string | undefined {
    const told = this.#byName.get(image);
    return told && imageName(told.image);
  }

  /** The vertex of a look-up, for the first that asks. */
  claim(image: string): Step | undefined {
    const told = this.#byName.get(image);
    if (!told || told.claimed) return undefined;
    told.claimed = true;
    return told.metadata;
  }

  /** Announces the vertices of images that are only taken from; gives their digests. */
  announce(images: readonly string[]): string[] {
    return images.flatMap((image) => {
      const source = this.#byName.get(image)?.source;
      if (source && !source.begun) source.announce();
      return source?.digest ?? [];
    });
  }

  /** They are here, and somebody takes of them. */
  found(images: readonly string[]): void {
    for (const { metadata, source } of this.#unclaimed(images)) {
      metadata?.done();
      source?.done();
    }
  }

  /** Whether it was one of these that could not be had, which is told then. */
  failed(images: readonly string[], message: string): Step | undefined {
    const [first] = this.#unclaimed(images);
    first?.metadata?.fail(message);
    return first?.metadata;
  }

  *#unclaimed(images: readonly string[]): Generator<Told> {
    for (const image of images) {
      const told = this.#byName.get(image);
      if (!told || told.claimed || !told.source) continue;
      told.claimed = true;
      yield told;
    }
  }
}

function isHere(images: ImageDeps, name: string, platform: Platform): boolean {
  try {
    resolveImage(images, name, { platform });
    return true;
  } catch {
    return false;
  }
}

function imageName({ name, context, layout }: LookUp): string {
  if (context === undefined) return `FROM ${name}`;
  return `[context ${context}] ${layout ? "OCI load from client" : name}`;
}
