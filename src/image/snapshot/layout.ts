import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { conflict, hasCode } from "../../lib/errors.ts";
import type { Archiver } from "../../linux/archive/archiver.ts";
import { removeSmallTree } from "../../linux/remove.ts";
import type { SizeLimits } from "../../linux/size-limits.ts";
import { spreadChildren } from "../../linux/spread.ts";
import { hexOf, isDigest, parseDigest } from "../../oci/digest.ts";

/** What a container that ran a command has written: not worth a worker. */
const SMALL = 100;

/**
 * Milliseconds between attempts at a removal: whoever had the thing mounted last (a copy out of it, a process on its
 * way to its end) may still hold it, or even write into it.
 */
const PAUSES = [100, 500, 2500, 10_000];

/** How names of images end. */
const imageEnd = ".ext4";

/** Milliseconds for which what was dismissed gathers, to go all at once. */
const DISMISSED_MS = 1000;

/** How the directory of a snapshot comes and goes. */
export interface Entries {
  /** Makes it: empty, or with all that is in another. */
  make(path: string, from: string | null): void | Promise<void>;
  /** Removes it with all that is in it. Idempotent. */
  remove(path: string): void | Promise<void>;
}

/**
 * Directories of layers and snapshots: `<root>/sha256/<chain id>` and `<root>/active/<key>`. They come into being and
 * go by rename, so that none of them is ever half there under its name; `<root>/trash` holds what is being removed.
 */
export class SnapshotLayout {
  readonly #layers: string;
  readonly #active: string;
  readonly #trash: string;
  /** The filesystems of snapshots that have one of their own. */
  readonly #images: string;
  /** In the trash, and not yet being removed. */
  readonly #dismissed: string[] = [];

  constructor(
    root: string,
    private readonly limits: SizeLimits,
    private readonly entries: Entries,
  ) {
    this.#layers = join(root, "sha256");
    this.#active = join(root, "active");
    this.#trash = join(root, "trash");
    this.#images = join(root, "images");
    for (const path of [this.#layers, this.#active, this.#trash, this.#images])
      mkdirSync(path, { recursive: true, mode: 0o710 });
    spreadChildren(this.#active);
    // Their mounts have gone with the machine's last boot. Of one that is damaged its container's start tells.
    for (const image of readdirSync(this.#images)) {
      try {
        this.attach(image.slice(0, -imageEnd.length));
      } catch {}
    }
  }

  /** Has a snapshot's files there where they are in a filesystem of their own. Throws where that cannot be mounted. */
  attach(key: string): void {
    if (existsSync(this.active(key))) this.limits.mount(this.active(key), this.#image(key));
  }

  get limitsSize(): boolean {
    return this.limits.work;
  }

  layer(chainId: string): string {
    return join(this.#layers, hexOf(parseDigest(chainId)));
  }

  active(key: string): string {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(key)) throw new Error(`not a snapshot key: ${JSON.stringify(key)}`);
    return join(this.#active, key);
  }

  has(chainId: string): boolean {
    return existsSync(this.layer(chainId));
  }

  /**
   * Makes the directory of a new snapshot with these in it. `size`: a limit on what they may take, in bytes. `from`:
   * the directory that it begins as.
   */
  async create(
    key: string,
    children: readonly string[],
    { size = 0, from = null }: { size?: number | undefined; from?: string | null } = {},
  ): Promise<void> {
    const path = this.active(key);
    if (existsSync(path)) throw conflict(`snapshot ${key} already exists`);
    await this.entries.make(path, from);
    if (size > 0) await this.limits.limit(path, this.#image(key), size, 0o700);
    for (const child of children) mkdirSync(join(path, child), { mode: 0o755 });
  }

  /** Removes a snapshot; as {@link discard}. */
  remove(key: string): Promise<void> {
    this.limits.lift(this.active(key), this.#image(key));
    return this.discard(this.active(key));
  }

  /** The snapshot's directory becomes the layer's. */
  async publish(key: string, chainId: string): Promise<void> {
    if (this.has(chainId)) return this.remove(key);
    await rename(this.active(key), this.layer(chainId));
  }

  /** Idempotent. The name is free when this returns its promise; the content goes after, much of it in a worker. */
  async discard(path: string): Promise<void> {
    const doomed = join(this.#trash, crypto.randomUUID());
    try {
      renameSync(path, doomed);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return;
      throw error;
    }
    for (const wait of [...PAUSES, null]) {
      try {
        return await this.entries.remove(doomed);
      } catch (error) {
        if (wait === null) throw error;
        await Bun.sleep(wait);
      }
    }
  }

  /** Takes a directory out of the way at once; somebody removes it when there is time, at the latest the next boot. */
  dismiss(path: string): void {
    const doomed = join(this.#trash, crypto.randomUUID());
    renameSync(path, doomed);
    if (this.#dismissed.push(doomed) > 1) return;
    setTimeout(() => this.#removeDismissed(), DISMISSED_MS).unref();
  }

  async #removeDismissed(): Promise<void> {
    for (const path of this.#dismissed.splice(0)) {
      try {
        await this.entries.remove(path);
      } catch {}
      await setImmediate();
    }
  }

  /** What an interrupted removal left. */
  async emptyTrash(): Promise<void> {
    const doomed = await readdir(this.#trash);
    await Promise.all(doomed.map((name) => this.entries.remove(join(this.#trash, name))));
  }

  #image(key: string): string {
    return join(this.#images, `${key}${imageEnd}`);
  }

  async list(): Promise<{ keys: string[]; chainIds: string[] }> {
    const chainIds = (await readdir(this.#layers)).map((name) => `sha256:${name}`).filter(isDigest);
    return { keys: await readdir(this.#active), chainIds };
  }
}

/** Plain directories. */
export function directories(archiver: Archiver): Entries {
  return {
    make: (path) => mkdirSync(path, { mode: 0o700 }),
    remove: (path) => (removeSmallTree(path, SMALL) ? undefined : archiver.remove(path)),
  };
}
