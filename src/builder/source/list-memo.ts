import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseJson } from "../../lib/parse-json.ts";

/** Lists that are remembered of one folder, and digests of each. */
const mostLists = 8;
const mostDigests = 200;

/** Digests of what steps took from a folder, for as long as its list is the very same. */
export interface DigestMemo {
  /** The folder looked so before: there may be digests. */
  readonly seen: boolean;
  get(key: string): string | undefined;
  set(key: string, digest: string): void;
}

/**
 * What was found out about a folder by looking through it, by the identity of its list: a build of which nothing has
 * changed need not look again. Kept in one small file.
 */
export class ListMemo {
  #changed = false;

  private constructor(
    private readonly file: string,
    /** The newest last. */
    private readonly lists: Map<string, Map<string, string>>,
  ) {}

  /** A file that cannot be read is as good as none. */
  static open(file: string): ListMemo {
    return new ListMemo(file, readLists(file));
  }

  of(identity: string): DigestMemo {
    const seen = this.lists.has(identity);
    const digests = this.lists.get(identity) ?? new Map<string, string>();
    return {
      seen,
      get: (key) => digests.get(key),
      set: (key, digest) => {
        if (digests.get(key) === digest || digests.size >= mostDigests) return;
        digests.set(key, digest);
        this.lists.delete(identity);
        this.lists.set(identity, digests);
        this.#changed = true;
      },
    };
  }

  /** Writes what is new. */
  close(): void {
    if (!this.#changed) return;
    const kept = [...this.lists].slice(-mostLists).map(([identity, digests]) => [identity, [...digests]]);
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    writeFileSync(`${this.file}.new`, JSON.stringify(kept), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }
}

function readLists(file: string): Map<string, Map<string, string>> {
  try {
    const value: unknown = parseJson(readFileSync(file, "utf8"));
    return new Map(pairs(value).map(([identity, digests]) => [identity, new Map(pairs(digests).filter(isText))]));
  } catch {
    return new Map();
  }
}

function pairs(value: unknown): [string, unknown][] {
  if (!Array.isArray(value)) return [];
  return value.filter((each): each is [string, unknown] => Array.isArray(each) && typeof each[0] === "string");
}

const isText = (pair: [string, unknown]): pair is [string, string] => typeof pair[1] === "string";
