import { invalid } from "../lib/errors.ts";
import { familiarOf, parseReference, repositoryOf, withDefaultTag, fullString, type Reference } from "../oci/reference.ts";
import type { ImageContext } from "./context.ts";
import { findImage, indexOf } from "./resolve.ts";
import { configOf, imageById, nameRow, putName } from "./table.ts";

/** `docker tag`: puts a further name on an image. `repo` may carry a tag of its own where `tag` is absent. */
export function tagImage(ctx: ImageContext, source: string, repo: string, tag?: string): void {
  const { id } = findImage(ctx, source);
  const index = indexOf(ctx, source);
  putImageName(ctx, id, targetReference(repo, tag), index === undefined ? {} : { digest: index });
}

/** The name that `repo` and `tag` of a request mean, or throws `invalid`. */
export function targetReference(repo: string, tag?: string): Reference {
  const ref = parseReference(tag ? `${repo}:${tag}` : repo);
  if (ref.digest !== undefined) throw invalid("refusing to create a tag with a digest reference");
  // A repository of this name could not be told from an id.
  if (familiarOf(fullString({ domain: ref.domain, path: ref.path })) === "sha256") {
    throw invalid("refusing to create an ambiguous tag using digest algorithm as name");
  }
  return withDefaultTag(ref);
}

/**
 * Puts a tag on an image, taking it from the image that has it. `digest`: the manifest the tag was pulled with. Says so
 * with a `tag` event unless `event` is false.
 */
export function putImageName(ctx: ImageContext, imageId: string, ref: Reference, options: { digest?: string; event?: boolean } = {}): void {
  const name = fullString(ref);
  putName(ctx.store, { name, image_id: imageId, repository: repositoryOf(ref), kind: "tag", digest: options.digest ?? null });
  if (options.event !== false) publishImageEvent(ctx, "tag", imageId, familiarOf(name));
}

/** Records that an image is known in a repository by a manifest's digest (`name@sha256:…`). */
export function putImageDigest(ctx: ImageContext, imageId: string, ref: Reference, digest: string): void {
  const name = fullString({ domain: ref.domain, path: ref.path, digest });
  if (nameRow(ctx.store, name)?.image_id === imageId) return;
  putName(ctx.store, { name, image_id: imageId, repository: repositoryOf(ref), kind: "digest", digest });
}

/** An event of type `image`: actor is the image (or name), attributes its labels and `name`. */
export function publishImageEvent(ctx: ImageContext, action: string, actorId: string, name?: string, labels?: Record<string, string>): void {
  const row = imageById(ctx.store, actorId);
  const known = labels ?? (row ? configOf(row).config?.Labels : undefined);
  ctx.events.publish("image", action, { ID: actorId, Attributes: { ...known, ...(name !== undefined && { name }) } });
}
