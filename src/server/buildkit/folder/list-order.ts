import { invalid } from "../../../lib/errors.ts";
import { encodeName } from "../../../lib/tar/names.ts";

/** A folder that is being listed, and the name in it that came last. */
interface Level {
  path: string;
  last: Buffer | undefined;
}

/**
 * Holds a client's list against the order in which folders are walked: each folder before what is in it, the names of
 * a folder ascending by their bytes. So no name comes twice, nothing is below a file, and nothing is outside.
 */
export class ListOrder {
  readonly #levels: Level[] = [{ path: "", last: undefined }];

  /** The next entry of the list. Throws `invalid` where it cannot come here. */
  next(path: string, isFolder: boolean): void {
    const parts = path.split("/");
    if (parts.some((part) => part === "" || part === "." || part === ".."))
      throw invalid(`the build context names ${JSON.stringify(path)}, which is no clean path inside of it`);
    const base = parts.pop() ?? "";
    const folder = parts.join("/");
    while (this.#levels.length > 1 && this.#levels.at(-1)?.path !== folder) this.#levels.pop();
    const level = this.#levels.at(-1);
    const name = encodeName(base);
    if (level?.path !== folder || (level.last !== undefined && Buffer.compare(level.last, name) >= 0))
      throw invalid(`the list of the build context is out of order at ${JSON.stringify(path)}`);
    level.last = name;
    if (isFolder) this.#levels.push({ path, last: undefined });
  }
}
