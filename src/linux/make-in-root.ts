import { decodeName } from "../lib/tar/names.ts";
import { close, O, openInRoot, readlinkAt } from "./at.ts";
import { SystemError } from "./syscall.ts";
import { maxLinks, walkLinks } from "./walk-links.ts";

/** Makes what is missing: `name` in the directory `parent`. `last`: nothing is to come below it. */
export type Make = (parent: number, name: string, last: boolean) => void;

/**
 * Walks to `path` as if the directory descriptor `root` were `/`, and has `make` make every part that is missing, the
 * targets of links that lead nowhere among them. No link leads out. Throws SystemError: ENOTDIR where a file is in the
 * way of something below it, ELOOP where links lead in a circle.
 */
export function makeInRoot(root: number, path: string, make: Make): void {
  walkLinks(path, (parent, name, last, followed) => {
    const target = enter(root, parent, name, last, make);
    if (target !== null && followed >= maxLinks) throw new SystemError("open", ELOOP, path);
    return target;
  });
}

const ELOOP = 40;

/** Where `name` is a link: what it says. Else null, and it exists. */
function enter(root: number, parent: string, name: string, last: boolean, make: Make): string | null {
  const dir = openInRoot(root, parent, O.PATH | O.DIRECTORY);
  try {
    const link = linkAt(dir, name);
    if (link !== null) return link;
    close(openInRoot(dir, name, O.PATH | O.NOFOLLOW | (last ? 0 : O.DIRECTORY)));
  } catch (error) {
    if (!(error instanceof SystemError) || error.code !== "ENOENT") throw error;
    make(dir, name, last);
  } finally {
    close(dir);
  }
  return null;
}

/** null where it is no link. */
function linkAt(dir: number, name: string): string | null {
  try {
    return decodeName(readlinkAt(dir, name));
  } catch (error) {
    if (error instanceof SystemError && error.code === "EINVAL") return null;
    throw error;
  }
}
