import { conflict } from "../lib/errors.ts";
import type { Stored } from "./model/objects.ts";

/** Throws `conflict` unless the object is still at the version that the client has seen. */
export function requireVersion({ Version }: Stored, seen: number): void {
  if (Version.Index !== seen) throw conflict("update out of sequence");
}

/** An object's content without what the store sets. */
export function draftOf<T extends Stored>(object: T): Omit<T, "Version" | "CreatedAt" | "UpdatedAt"> {
  const { Version: _version, CreatedAt: _created, UpdatedAt: _updated, ...draft } = object;
  return draft;
}
