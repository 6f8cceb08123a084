import type { ImageDeleteResponseItem } from "../api/types/image.ts";
import { conflict, EngineError } from "../lib/errors.ts";
import { shortId } from "../lib/ids.ts";
import { isDigest } from "../oci/digest.ts";
import { familiarOf, parseReference } from "../oci/reference.ts";
import { collectBlob, collectLayers } from "./collect.ts";
import type { ImageContext } from "./context.ts";
import { companionsOf, heldByIndexes, indexMembers } from "./index-table.ts";
import { findImage, storedName } from "./resolve.ts";
import { childrenOf, configOf, containerUsing, deleteImageRow, deleteName, imageById, namesOf, type ImageRow, type NameRow } from "./table.ts";
import { publishImageEvent } from "./tag.ts";

export interface RemoveImageOptions {
  /** Remove all names, and do not mind stopped containers. */
  force?: boolean;
  /** Leave the unnamed images that it was built upon. */
  noprune?: boolean;
  /** The one of several platforms that is meant, not all that its index holds. */
  ofSeveral?: boolean;
}

/**
 * `docker rmi`: takes a name off an image, and removes the image with its last name. By id it removes the image itself,
 * where its names are in one repository. Throws `conflict` with Docker's reasons.
 */
export async function removeImage(ctx: ImageContext, refOrId: string, options: RemoveImageOptions = {}): Promise<ImageDeleteResponseItem[]> {
  const row = findImage(ctx, refOrId);
  const records: ImageDeleteResponseItem[] = [];
  const companions = [...companionsOf(ctx.store, row.id), ...indexMembers(ctx.store, refOrId)];
  const byId = isIdPrefix(row.id, refOrId) || isDigest(refOrId);
  const stays = byId ? (untagById(ctx, row, options, records), false) : untagByName(ctx, row, refOrId, options, records);
  if (!stays) await removeWithParents(ctx, row.id, { ...options, quiet: !byId }, records);
  // Images of other platforms go with the last name that stood for them too.
  for (const id of companions) {
    if (namesOf(ctx.store, id).length === 0 && !heldByIndexes(ctx.store).has(id)) await removeWithParents(ctx, id, { ...options, quiet: true }, records);
  }
  return records;
}

/** True where names are left, so that the image stays. */
function untagByName(ctx: ImageContext, row: ImageRow, refOrId: string, { force }: RemoveImageOptions, records: ImageDeleteResponseItem[]): boolean {
  const user = force || !isOneRepository(namesOf(ctx.store, row.id)) ? undefined : containerUsing(ctx.store, row.id, "any");
  if (user) {
    // The image would be left without any name.
    throw conflict(
      `conflict: unable to remove repository reference ${JSON.stringify(refOrId)} (must force) - container ${shortId(user.id)} is using its referenced image ${shortId(row.id)}`,
    );
  }
  const ref = parseReference(refOrId);
  const name = storedName(ref);
  untag(ctx, row.id, name, records);
  const left = namesOf(ctx.store, row.id);
  if (ref.digest === undefined) {
    // Digests of a repository that has no tag of the image any more say nothing.
    const repository = name.slice(0, name.lastIndexOf(":"));
    const own = left.filter((other) => other.repository === repository);
    if (own.every((other) => other.kind === "digest")) for (const digest of own) untag(ctx, row.id, digest.name, records, false);
  }
  return namesOf(ctx.store, row.id).length > 0;
}

function untagById(ctx: ImageContext, row: ImageRow, { force }: RemoveImageOptions, records: ImageDeleteResponseItem[]): void {
  const names = namesOf(ctx.store, row.id);
  if (!isOneRepository(names)) return;
  const reason = conflictOf(ctx, row.id, { force: force ?? false, namesCount: false });
  if (reason) throw reason.error;
  for (const name of names) untag(ctx, row.id, name.name, records);
}

function untag(ctx: ImageContext, imageId: string, name: string, records: ImageDeleteResponseItem[], event = true): void {
  deleteName(ctx.store, name);
  const familiar = familiarOf(name);
  if (event) publishImageEvent(ctx, "untag", imageId, imageId);
  records.push({ Untagged: familiar });
}

interface Removal extends RemoveImageOptions {
  /** A conflict leaves the image where it is, without an error. */
  quiet: boolean;
}

async function removeWithParents(ctx: ImageContext, id: string, { force = false, noprune = false, ofSeveral = false, quiet }: Removal, records: ImageDeleteResponseItem[]): Promise<void> {
  const row = imageById(ctx.store, id);
  if (!row) return;
  const reason = conflictOf(ctx, id, { force, namesCount: true, ofSeveral });
  if (reason) {
    // An image without a name that nobody uses would be forgotten: then it is better told.
    const dangling = namesOf(ctx.store, id).every((name) => name.kind === "digest") && childrenOf(ctx.store, id).length === 0;
    if (quiet && (!dangling || reason.used)) return;
    throw reason.error;
  }
  for (const name of namesOf(ctx.store, id)) untag(ctx, id, name.name, records);
  await deleteImage(ctx, row, records);
  if (!noprune && row.parent_id !== "") await removeWithParents(ctx, row.parent_id, { quiet: true }, records);
}

/** Takes the record away, then what only this image held. */
async function deleteImage(ctx: ImageContext, row: ImageRow, records: ImageDeleteResponseItem[]): Promise<void> {
  const labels = configOf(row).config?.Labels;
  const blobs = ctx.store.query<{ digest: string }, [string]>("SELECT digest FROM image_blob WHERE image_id = ?").all(row.id);
  deleteImageRow(ctx.store, row.id);
  publishImageEvent(ctx, "delete", row.id, row.id, labels);
  records.push({ Deleted: row.id });
  for (const { chainId } of await collectLayers(ctx)) records.push({ Deleted: chainId });
  for (const { digest } of blobs) await collectBlob(ctx, digest);
}

interface Conflict {
  error: EngineError;
  /** A container is the reason. */
  used: boolean;
}

/** Why an image cannot be removed. Children and running containers are reasons that no force overcomes. */
function conflictOf(ctx: ImageContext, id: string, { force, namesCount, ofSeveral = false }: { force: boolean; namesCount: boolean; ofSeveral?: boolean }): Conflict | undefined {
  const refuse = (how: "cannot be forced" | "must be forced", why: string, used = false): Conflict => ({
    error: conflict(`conflict: unable to delete ${shortId(id)} (${how}) - ${why}`),
    used,
  });
  if (childrenOf(ctx.store, id).length > 0) return refuse("cannot be forced", "image has dependent child images");
  const running = containerUsing(ctx.store, id, "running");
  if (running) return refuse("cannot be forced", `image is being used by running container ${shortId(running.id)}`, true);
  if (force) return undefined;
  if (namesCount && (namesOf(ctx.store, id).length > 0 || (!ofSeveral && heldByIndexes(ctx.store).has(id)))) return refuse("must be forced", "image is referenced in multiple repositories");
  const stopped = containerUsing(ctx.store, id, "stopped");
  if (stopped) return refuse("must be forced", `image is being used by stopped container ${shortId(stopped.id)}`, true);
  return undefined;
}

/** All names are of one repository, and at most one of them is a tag. */
function isOneRepository(names: readonly NameRow[]): boolean {
  const tags = names.filter((name) => name.kind === "tag");
  return names.length > 0 && tags.length <= 1 && new Set(names.map((name) => name.repository)).size === 1;
}

function isIdPrefix(id: string, text: string): boolean {
  return id.startsWith(text) || id.slice("sha256:".length).startsWith(text);
}
