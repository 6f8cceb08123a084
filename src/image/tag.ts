import type { ActionOf } from "../api/event-actions.ts";
import { invalid } from "../lib/errors.ts";
import {
  familiarOf,
  fullString,
  isTag,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from "../oci/reference.ts";
import { requireRoom } from "../store/room.ts";
import type { ImageDeps } from "./deps.ts";
import { findImage, indexOf } from "./resolve.ts";
import { configOf, imageById, nameRow, putName } from "./table.ts";

/** `docker tag`: puts a further name on an image. `tag` takes the place of one that `repo` carries. */
export function tagImage(deps: ImageDeps, source: string, repo: string, tag?: string): void {
  const target = targetReference(repo, tag);
  const { id } = findImage(deps, source);
  const index = indexOf(deps, source);
  putImageName(deps, id, target, index === undefined ? {} : { digest: index });
}

/** The name that `repo` and `tag` of a request mean, or throws `invalid`. */
export function targetReference(repo: string, tag?: string): Reference {
  const named = parseReference(repo);
  if (named.digest !== undefined) throw invalid("cannot import digest reference");
  if (tag && !isTag(tag)) throw invalid("invalid tag format");
  const ref = tag ? { ...named, tag } : named;
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
export function putImageName(
  deps: ImageDeps,
  imageId: string,
  ref: Reference,
  options: { digest?: string; event?: boolean } = {},
): void {
  const name = fullString(ref);
  requireRoom(deps.store);
  putName(deps.store, {
    name,
    image_id: imageId,
    repository: repositoryOf(ref),
    kind: "tag",
    digest: options.digest ?? null,
  });
  if (options.event !== false) publishImageEvent(deps, "tag", imageId, familiarOf(name));
}

/** Records that an image is known in a repository by a manifest's digest (`name@sha256:…`). */
export function putImageDigest(deps: ImageDeps, imageId: string, ref: Reference, digest: string): void {
  const name = fullString({ domain: ref.domain, path: ref.path, digest });
  if (nameRow(deps.store, name)?.image_id === imageId) return;
  putName(deps.store, { name, image_id: imageId, repository: repositoryOf(ref), kind: "digest", digest });
}

/** An event of type `image`: actor is the image (or name), attributes its labels and `name`. */
export function publishImageEvent(
  deps: ImageDeps,
  action: ActionOf<"image">,
  actorId: string,
  name?: string,
  labels?: Record<string, string>,
): void {
  const row = imageById(deps.store, actorId);
  const known = labels ?? (row ? configOf(row).config?.Labels : undefined);
  deps.events.publish("image", action, { ID: actorId, Attributes: { ...known, ...(name !== undefined && { name }) } });
}
