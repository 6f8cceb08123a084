import type { ImageDeleteResponseItem } from "../api/types/image.ts";
import { conflict, type EngineError } from "../lib/errors.ts";
import { shortId } from "../lib/ids.ts";
import { isDigest } from "../oci/digest.ts";
import { familiarOf, parseReference } from "../oci/reference.ts";
import { collectBlob, collectLayers } from "./collect/collect.ts";
import type { ImageDeps } from "./deps.ts";
import { companionsOf, heldByIndexes, indexMembers } from "./index/index-table.ts";
import { findImage, storedName } from "./resolve.ts";
import {
  childrenOf,
  configOf,
  deleteImageRow,
  deleteName,
  type ImageRow,
  imageBlobs,
  imageById,
  type NameRow,
  namesOf,
} from "./table.ts";
import { publishImageEvent } from "./tag.ts";

/** The query of `DELETE /images/<name>`. */
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
export async function removeImage(
  deps: ImageDeps,
  refOrId: string,
  options: RemoveImageOptions = {},
): Promise<ImageDeleteResponseItem[]> {
  const row = findImage(deps, refOrId);
  const records: ImageDeleteResponseItem[] = [];
  const companions = [...companionsOf(deps.store, row.id), ...indexMembers(deps.store, refOrId)];
  const byId = isIdPrefix(row.id, refOrId) || isDigest(refOrId);
  let stays = false;
  if (byId) untagById(deps, row, options, records);
  else stays = untagByName(deps, row, refOrId, options, records);
  if (!stays) await removeWithParents(deps, row.id, { ...options, quiet: !byId }, records);
  // Images of other platforms go with the last name that stood for them too.
  for (const id of companions) {
    if (namesOf(deps.store, id).length === 0 && !heldByIndexes(deps.store).has(id))
      await removeWithParents(deps, id, { ...options, quiet: true }, records);
  }
  return records;
}

/** True where names are left, so that the image stays. */
function untagByName(
  deps: ImageDeps,
  row: ImageRow,
  refOrId: string,
  { force }: RemoveImageOptions,
  records: ImageDeleteResponseItem[],
): boolean {
  const user =
    force || !isOneRepository(namesOf(deps.store, row.id)) ? undefined : deps.imageUsers.userOf(row.id, "any");
  if (user) {
    // The image would be left without any name.
    throw conflict(
      `conflict: unable to remove repository reference ${JSON.stringify(refOrId)} (must force) - container ` +
        `${shortId(user.id)} is using its referenced image ${shortId(row.id)}`,
    );
  }
  const ref = parseReference(refOrId);
  const name = storedName(ref);
  untag(deps, row.id, name, records);
  const left = namesOf(deps.store, row.id);
  if (ref.digest === undefined) {
    // Digests of a repository that has no tag of the image any more say nothing.
    const repository = name.slice(0, name.lastIndexOf(":"));
    const own = left.filter((other) => other.repository === repository);
    if (own.every((other) => other.kind === "digest"))
      for (const digest of own) untag(deps, row.id, digest.name, records, false);
  }
  return namesOf(deps.store, row.id).length > 0;
}

function untagById(
  deps: ImageDeps,
  row: ImageRow,
  { force }: RemoveImageOptions,
  records: ImageDeleteResponseItem[],
): void {
  const names = namesOf(deps.store, row.id);
  if (!isOneRepository(names)) return;
  const reason = conflictOf(deps, row.id, { force: force ?? false, namesCount: false });
  if (reason) throw reason.error;
  for (const name of names) untag(deps, row.id, name.name, records);
}

function untag(deps: ImageDeps, imageId: string, name: string, records: ImageDeleteResponseItem[], event = true): void {
  deleteName(deps.store, name);
  const familiar = familiarOf(name);
  if (event) publishImageEvent(deps, "untag", imageId, imageId);
  records.push({ Untagged: familiar });
}

interface Removal extends RemoveImageOptions {
  /** A conflict leaves the image where it is, without an error. */
  quiet: boolean;
}

async function removeWithParents(
  deps: ImageDeps,
  id: string,
  { force = false, noprune = false, ofSeveral = false, quiet }: Removal,
  records: ImageDeleteResponseItem[],
): Promise<void> {
  const row = imageById(deps.store, id);
  if (!row) return;
  const reason = conflictOf(deps, id, { force, namesCount: true, ofSeveral });
  if (reason) {
    // Otherwise the image would stay without a name and nobody would know of it, so the conflict is told.
    const dangling =
      namesOf(deps.store, id).every((name) => name.kind === "digest") && childrenOf(deps.store, id).length === 0;
    if (quiet && (!dangling || reason.used)) return;
    throw reason.error;
  }
  for (const name of namesOf(deps.store, id)) untag(deps, id, name.name, records);
  await deleteImage(deps, row, records);
  if (!noprune && row.parent_id !== "") await removeWithParents(deps, row.parent_id, { quiet: true }, records);
}

/** Takes the record away, then what only this image held. */
async function deleteImage(deps: ImageDeps, row: ImageRow, records: ImageDeleteResponseItem[]): Promise<void> {
  const labels = configOf(row).config?.Labels;
  const blobs = imageBlobs(deps.store, row.id);
  deleteImageRow(deps.store, row.id);
  publishImageEvent(deps, "delete", row.id, row.id, labels);
  records.push({ Deleted: row.id });
  for (const { chainId } of await collectLayers(deps)) records.push({ Deleted: chainId });
  for (const digest of blobs) await collectBlob(deps, digest);
}

interface Conflict {
  error: EngineError;
  /** A container is the reason. */
  used: boolean;
}

/** Why an image cannot be removed. Children and running containers are reasons that no force overcomes. */
function conflictOf(
  deps: ImageDeps,
  id: string,
  { force, namesCount, ofSeveral = false }: { force: boolean; namesCount: boolean; ofSeveral?: boolean },
): Conflict | undefined {
  const refuse = (how: "cannot be forced" | "must be forced", why: string, used = false): Conflict => ({
    error: conflict(`conflict: unable to delete ${shortId(id)} (${how}) - ${why}`),
    used,
  });
  if (childrenOf(deps.store, id).length > 0) return refuse("cannot be forced", "image has dependent child images");
  const running = deps.imageUsers.userOf(id, "running");
  if (running)
    return refuse("cannot be forced", `image is being used by running container ${shortId(running.id)}`, true);
  if (force) return undefined;
  if (namesCount && (namesOf(deps.store, id).length > 0 || (!ofSeveral && heldByIndexes(deps.store).has(id))))
    return refuse("must be forced", "image is referenced in multiple repositories");
  const stopped = deps.imageUsers.userOf(id, "stopped");
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
