import { chownAt, close, mkdirAt, O, openDir, openInRoot } from "../../linux/at.ts";
import { SystemError } from "../../linux/syscall.ts";
import { invalid } from "../../lib/errors.ts";

/**
 * Makes a container's working directory, root's (or the owner's) and 0755, where the image has none. Links are followed inside the
 * root filesystem only. Throws `invalid` where something in the way is no directory.
 */
export function makeWorkdir(rootfs: string, workdir: string, owner: { uid: number; gid: number } = { uid: 0, gid: 0 }): void {
  const names = workdir.split("/").filter((name) => name !== "" && name !== ".");
  const root = openDir(rootfs);
  try {
    for (let depth = 1; depth <= names.length; depth++) makeOne(root, names.slice(0, depth), workdir, owner);
  } finally {
    close(root);
  }
}

function makeOne(root: number, names: readonly string[], workdir: string, { uid, gid }: { uid: number; gid: number }): void {
  try {
    close(openInRoot(root, names.join("/"), O.PATH | O.DIRECTORY));
    return;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.code === "ENOTDIR") throw invalid(`Cannot mkdir: ${workdir} is not a directory`, error);
    if (error.code !== "ENOENT") throw error;
  }
  const parent = openInRoot(root, names.slice(0, -1).join("/"), O.PATH | O.DIRECTORY);
  try {
    mkdirAt(parent, names.at(-1) ?? "", 0o755);
    if (uid !== 0 || gid !== 0) chownAt(parent, names.at(-1) ?? "", uid, gid);
  } catch (error) {
    // EEXIST: a link that leads nowhere.
    if (error instanceof SystemError && error.code === "EEXIST") throw invalid(`Cannot mkdir: ${workdir} is not a directory`, error);
    throw error;
  } finally {
    close(parent);
  }
}
