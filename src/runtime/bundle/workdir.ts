import { internal, invalid } from "../../lib/errors.ts";
import { chownAt, close, mkdirAt, O, openDir, openInRoot } from "../../linux/at.ts";
import { makeInRoot } from "../../linux/make-in-root.ts";
import { SystemError } from "../../linux/syscall.ts";

/**
 * Makes a container's working directory, root's (or the owner's) and 0755, where the image has none. Links are followed
 * inside the root filesystem only; the target of a link that leads nowhere is made. Throws `invalid` where something in
 * the way is no directory.
 */
export function makeWorkdir(
  rootfs: string,
  workdir: string,
  { uid, gid }: { uid: number; gid: number } = { uid: 0, gid: 0 },
): void {
  const root = openDir(rootfs);
  try {
    makeInRoot(root, workdir, (parent, name) => {
      mkdirAt(parent, name, 0o755);
      if (uid !== 0 || gid !== 0) chownAt(parent, name, uid, gid);
    });
    close(openInRoot(root, workdir, O.PATH | O.DIRECTORY));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.code === "ENOTDIR") throw invalid(`Cannot mkdir: ${workdir} is not a directory`, error);
    if (error.code === "ELOOP") throw internal(`evalSymlinksInScope: too many links in ${rootfs}${workdir}`, error);
    throw error;
  } finally {
    close(root);
  }
}
