import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { BoltFile, Bucket } from "../../lib/bbolt.ts";
import { conflict, invalid } from "../../lib/errors.ts";
import { lockFileShared } from "../../linux/flock.ts";
import { hexOf, isDigest } from "../../oci/digest.ts";
import { parseReference, type Reference } from "../../oci/reference.ts";
import type { DockerRoot } from "./root.ts";

/** Where a containerd keeps its data that is not dockerd's own. */
const usualRoot = "/var/lib/containerd";
/** The namespace of dockerd's things. */
const NAMESPACE = "moby";
/** Under such names dockerd keeps images that have none. */
const dangling = /^moby-dangling@/;

/** An image of containerd's image store. */
export interface StoredImage {
  /** Digest of its manifest or index, which Docker takes for the image's id. */
  target: string;
  names: Reference[];
}

/** What dockerd keeps in a containerd that does not run. */
export interface ContainerdRoot extends Disposable {
  images: StoredImage[];
  /** The file that the content of a digest is in, or would be. */
  content(digest: string): string;
  /** What a container has written, as the upper directory of an overlay; null: it has none. */
  written(containerId: string): string | null;
}

/**
 * Opens the containerd that a dockerd with containerd's image store works with; `from` empty: dockerd's own, or the
 * machine's. Null where there is none. Throws `conflict` where it runs, and could have images that are asked for.
 */
export function openContainerd(root: DockerRoot, from: string): ContainerdRoot | null {
  if (from !== "" && !isAbsolute(from)) throw invalid(`containerd's data root must be an absolute path: ${from}`);
  const own = join(root.path, "containerd/daemon");
  const path = from || (existsSync(own) ? own : usualRoot);
  const database = join(path, "io.containerd.metadata.v1.bolt/meta.db");
  if (!existsSync(database)) {
    if (from === "") return null;
    throw invalid(`${from} is no data root of containerd: it has no ${database.slice(path.length + 1)}`);
  }
  const lock = lockFileShared(database);
  if (!lock) {
    // One that serves others as well may run, where dockerd keeps its images itself.
    if (from === "" && existsSync(join(root.path, "image"))) return null;
    throw conflict(`containerd runs on ${path}: stop it first`);
  }
  try {
    using file = new BoltFile(database);
    const space = file.root.bucket("v1", NAMESPACE);
    const snapshots = keysOf(space?.bucket("snapshots", "overlayfs"));
    return {
      images: imagesOf(space?.bucket("images")),
      content: (digest) => join(path, "io.containerd.content.v1.content/blobs/sha256", hexOf(digest)),
      written: (id) => writtenOf(join(path, "io.containerd.snapshotter.v1.overlayfs"), snapshots.get(id)),
      [Symbol.dispose]: () => lock[Symbol.dispose](),
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

function imagesOf(images: Bucket | undefined): StoredImage[] {
  const found = new Map<string, StoredImage>();
  for (const [name, value] of images?.entries() ?? []) {
    const target = value instanceof Bucket ? textOf(value.bucket("target")?.value("digest")) : "";
    if (!isDigest(target)) continue;
    const image = found.get(target) ?? { target, names: [] };
    if (!dangling.test(name)) image.names.push(parseReference(name));
    found.set(target, image);
  }
  return [...found.values()];
}

/** The snapshotter's names of the snapshots that dockerd knows by a container's id. */
function keysOf(snapshots: Bucket | undefined): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [key, value] of snapshots?.entries() ?? [])
    if (value instanceof Bucket) keys.set(key, textOf(value.value("name")));
  return keys;
}

function writtenOf(home: string, key: string | undefined): string | null {
  const database = join(home, "metadata.db");
  if (key === undefined || !existsSync(database)) return null;
  using file = new BoltFile(database);
  const id = file.root.bucket("v1", "snapshots", key)?.value("id");
  const path = id && join(home, "snapshots", String(varint(id)), "fs");
  return path && existsSync(path) ? path : null;
}

const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("utf8");

/** An unsigned number as Go's encoding/binary writes it: seven bits a byte, the lowest first. */
function varint(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte, i) => sum + (byte & 0x7f) * 2 ** (7 * i), 0);
}
