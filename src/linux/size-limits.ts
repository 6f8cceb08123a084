import { chmodSync, closeSync, existsSync, ftruncateSync, openSync, rmdirSync, rmSync } from "node:fs";
import { invalid } from "../lib/errors.ts";
import { run, runOk } from "../lib/run.ts";
import { isMountPoint } from "./at.ts";
import { mountImage } from "./loop.ts";
import { unmount } from "./mount.ts";
import { limitProject, projectQuotaWorks, unlimitProject } from "./project-quota.ts";

/** Less than this is no filesystem. */
const smallestImage = 4 << 20;

/**
 * Limits on what may be written below directories of one filesystem: project quotas where it has them, else, where the
 * administrator allowed that, a filesystem of its own for each directory, in a file (the image) that a loop device
 * mounts there.
 */
export class SizeLimits {
  #known: boolean | undefined;

  constructor(
    private readonly root: string,
    private readonly loops: boolean,
  ) {}

  get #project(): boolean {
    return (this.#known ??= projectQuotaWorks(this.root));
  }

  /** Whether there is a way to limit anything. */
  get work(): boolean {
    return this.#project || this.loops;
  }

  /**
   * Limits a directory, which is empty. `image`: where its filesystem lies if it gets one; it is mounted then. `mode`:
   * that of the directory. Throws `invalid` where so little is no filesystem.
   */
  async limit(directory: string, image: string, bytes: number, mode: number): Promise<void> {
    if (this.#project) return limitProject(directory, bytes, Bun.hash.crc32(directory));
    if (bytes < smallestImage) throw invalid(`a size limit of less than ${smallestImage >> 20}MiB cannot be kept here`);
    try {
      await makeImage(image, bytes);
      this.mount(directory, image);
      rmdirSync(`${directory}/lost+found`);
      chmodSync(directory, mode);
    } catch (error) {
      this.lift(directory, image);
      throw error;
    }
  }

  /** Has the filesystem of a directory there, if it has one of its own. Idempotent. */
  mount(directory: string, image: string): void {
    // What is deleted in it comes back to everybody while it is mounted.
    if (existsSync(image) && !isMountPoint(directory)) mountImage(image, directory, "ext4", "discard,noinit_itable");
  }

  /** Nobody needs it for now; one who is still in it stays in it. Idempotent. */
  async unmount(directory: string, image: string): Promise<void> {
    if (!existsSync(image) || !isMountPoint(directory)) return;
    // What was deleted last: the kernel forgets it with the mount (seen with Linux 6.18).
    await run(["sync", "-f", directory]);
    await run(["fstrim", directory]);
    unmount(directory, { detach: true });
  }

  /** Before a directory is removed: what limits it goes, and with an image all that is in it. Idempotent. */
  lift(directory: string, image: string): void {
    if (existsSync(image)) {
      if (isMountPoint(directory)) unmount(directory, { detach: true });
      rmSync(image);
    }
    if (this.#project && existsSync(directory)) unlimitProject(directory);
  }
}

/** A sparse file with an ext4, none of which is kept back for root. */
async function makeImage(image: string, bytes: number): Promise<void> {
  const fd = openSync(image, "wx", 0o600);
  try {
    ftruncateSync(fd, bytes);
  } finally {
    closeSync(fd);
  }
  await runOk(["mkfs.ext4", "-q", "-F", "-m", "0", image]);
}
