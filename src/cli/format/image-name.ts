/** Names of images as services have them and lists show them. */
import { familiarString, parseReference, withDefaultTag } from "../reference.ts";

/** The familiar name, with `:latest` where it has neither tag nor digest; what is no name stays as it is. */
export function taggedImage(image: string): string {
  try {
    return familiarString(withDefaultTag(parseReference(image)));
  } catch {
    return image;
  }
}

/** As lists show it: a digest beside a tag is left out. */
export function shownImage(image: string): string {
  try {
    const { digest: _, ...reference } = parseReference(image);
    return reference.tag === undefined ? image : familiarString(reference);
  } catch {
    return image;
  }
}
