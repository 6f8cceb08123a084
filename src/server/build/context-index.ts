import type { ContextIndex, IndexEntry } from "../../api/build-context.ts";
import { invalid } from "../../lib/errors.ts";
import { parseJson } from "../../lib/parse-json.ts";

const types: readonly string[] = ["file", "directory", "symlink", "link", "fifo"] satisfies IndexEntry["type"][];

/** The body of a `POST /build` that sends an index. Throws `invalid`. */
export function readContextIndex(bytes: Uint8Array): ContextIndex {
  let value: unknown;
  try {
    value = parseJson(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalid(
      `the index of the build context is no JSON: ${cause instanceof Error ? cause.message : cause}`,
      cause,
    );
  }
  if (!isContextIndex(value))
    throw invalid("the index of the build context should have source (64 hex digits), dockerfile and entries");
  const wrong = value.entries.find((entry) => !isIndexEntry(entry));
  if (wrong !== undefined)
    throw invalid(`wrong entry in the index of the build context: ${JSON.stringify(wrong).slice(0, 200)}`);
  return value;
}

function isContextIndex(value: unknown): value is ContextIndex {
  return (
    typeof value === "object" &&
    value !== null &&
    "source" in value &&
    "dockerfile" in value &&
    "entries" in value &&
    typeof value.source === "string" &&
    /^[0-9a-f]{64}$/.test(value.source) &&
    typeof value.dockerfile === "string" &&
    (!("ignore" in value) || typeof value.ignore === "string") &&
    Array.isArray(value.entries)
  );
}

function isIndexEntry(entry: Partial<IndexEntry> | null): boolean {
  if (
    typeof entry !== "object" ||
    entry === null ||
    typeof entry.path !== "string" ||
    entry.path === "" ||
    !types.includes(entry.type ?? "")
  )
    return false;
  if (!isCount(entry.mode) || entry.mode > 0o7777 || !Number.isSafeInteger(entry.mtime)) return false;
  if (entry.type === "file")
    return isCount(entry.size) && typeof entry.digest === "string" && /^[0-9a-f]{64}$/.test(entry.digest);
  return entry.type === "symlink" || entry.type === "link" ? typeof entry.link === "string" : true;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
