import { EngineError, errorMessage, hasCode, internal, invalid, notFound } from "../../lib/errors.ts";
import { formatRfc3339Nano } from "../../lib/rfc3339.ts";
import { S } from "../../linux/at.ts";
import { baseName, goFileMode, type PathStat, realPathInRoot, statInRoot } from "./container-path.ts";

/** Files below a directory of the host that clients see as `/`. */
export interface FilesRoot {
  root: string;
  /** Whose they are, in the words of errors: `container web`. */
  of: string;
}

/** What is at a path; a link at the end is not followed. Throws `not-found`. */
export function statPath(files: FilesRoot, path: string): PathStat {
  return inWordsOf(files, path, () => describe(files, path));
}

/** What is at a path, and where its archive begins, below the root. Throws `not-found`. */
export function archiveStart(files: FilesRoot, path: string): { stat: PathStat; from: string } {
  return inWordsOf(files, path, () => {
    const stat = describe(files, path);
    const isDirectory = stat.mode >= 2 ** 31;
    return { stat, from: isDirectory ? realPathInRoot(files.root, path) : path };
  });
}

/** The directory that an archive is unpacked in, every link followed, below the root. Throws `not-found`, `invalid`. */
export function extractionPoint(files: FilesRoot, path: string): string {
  return inWordsOf(files, path, () => {
    const real = realPathInRoot(files.root, path);
    const found = statInRoot(files.root, real);
    if (!found) throw missing(files, path);
    if ((found.stat.mode & S.IFMT) !== S.IFDIR) throw invalid("extraction point is not a directory");
    return real;
  });
}

function describe(files: FilesRoot, path: string): PathStat {
  const found = statInRoot(files.root, path);
  if (!found) throw missing(files, path);
  const { stat, linkTarget } = found;
  return {
    name: baseName(path),
    size: stat.size,
    mode: goFileMode(stat.mode),
    mtime: formatRfc3339Nano(BigInt(stat.mtime) * 1_000_000_000n + BigInt(stat.mtimeNanos)),
    linkTarget,
  };
}

const missing = ({ of }: FilesRoot, path: string) => notFound(`Could not find the file ${path} in ${of}`);

/** System errors of a path as the API tells them. */
function inWordsOf<T>(files: FilesRoot, path: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if (hasCode(error, "ENOENT")) throw missing(files, path);
    throw internal(errorMessage(error), error);
  }
}
