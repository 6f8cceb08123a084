import { fullString, parseReference, withDefaultTag } from "../reference.ts";
import type { Built } from "./built.ts";

/** What `--metadata-file` holds, by the keys that BuildKit's clients write. */
export function metadata({ id, images, descriptor }: Built, tags: readonly string[]): Record<string, unknown> {
  const single = images.length > 1 ? undefined : (images[0]?.id ?? id);
  return {
    ...(single && { "containerimage.config.digest": single }),
    ...(descriptor && { "containerimage.descriptor": descriptor, "containerimage.digest": descriptor.digest }),
    ...(tags.length > 0 && {
      "image.name": tags.map((tag) => fullString(withDefaultTag(parseReference(tag)))).join(","),
    }),
  };
}
