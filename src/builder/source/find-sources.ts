import { inside } from "./path.ts";
import { glob, type SourceTree } from "./tree.ts";

/** A path of the tree that a source names. `pivot`: how much of it `--parents` leaves out. */
export interface FoundSource {
  path: string;
  pivot: number;
}

/** COPY cannot find a source; the text is BuildKit's. */
export class SourceNotFound extends Error {
  constructor(
    readonly path: string,
    message = "failed to compute cache key: failed to calculate checksum of ref: " +
      `"${path.startsWith("/") ? path : `/${path}`}": not found`,
  ) {
    super(message);
  }
}

/** The paths that a source means. A pattern may mean none. `/./` marks where `--parents` begins to keep the path. */
export function findSources(tree: SourceTree, source: string, anyDepth = false): FoundSource[] {
  const mark = source.indexOf("/./");
  const pivotOf = (path: string) =>
    mark < 0
      ? 0
      : path
          .split("/")
          .slice(0, inside(source.slice(0, mark)).split("/").filter(Boolean).length)
          .join("/").length;
  if (!isPattern(source)) return [{ path: inside(source), pivot: pivotOf(inside(source)) }];
  const found = glob(tree, source, anyDepth);
  if (found.missing !== undefined)
    throw new SourceNotFound(source, `lstat /${found.missing}: no such file or directory`);
  return found.paths.map((path) => ({ path, pivot: pivotOf(path) }));
}

function isPattern(source: string): boolean {
  return /(^|[^\\])(\\\\)*[*?[]/.test(source);
}
