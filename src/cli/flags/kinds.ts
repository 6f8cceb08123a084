/**
 * Builders for the kinds of flags that Docker's commands have. Names of types (`list`, `bytes`, …) are those
 * that `--help` shows; parsing and error texts follow Go's strconv/pflag and docker's own option types.
 */

import { parseBytes } from "../../lib/bytes.ts";
import { readGoDuration } from "../../lib/go-duration.ts";
import { own } from "../../lib/own.ts";
import type { Flag, FlagOptions } from "./flag.ts";
import { parseBool, parseInteger, parseUnsigned } from "./number.ts";

/** `--all`, `--all=false`. */
export function bool(help: string, options: FlagOptions & { default?: boolean } = {}): Flag<boolean> {
  const initial = options.default ?? false;
  return {
    type: "",
    help,
    initial,
    bare: "true",
    ...(initial && { shown: "true" }),
    ...options,
    set: (_, text) => parseBool(text),
  };
}

/** A boolean that knows whether it was given: null where it was not (`--init`, `--oom-kill-disable`). */
export function optionalBool(help: string, options: FlagOptions = {}): Flag<boolean | null> {
  return { type: "", help, initial: null, bare: "true", ...options, set: (_, text) => parseBool(text) };
}

export function string(help: string, options: FlagOptions & { default?: string; type?: string } = {}): Flag<string> {
  const initial = options.default ?? "";
  return {
    type: "string",
    help,
    initial,
    ...(initial !== "" && { shown: initial }),
    ...options,
    set: (_, text) => text,
  };
}

/** A value that only `parse` understands; `initial` is null until the flag is given. */
export function custom<T>(
  type: string,
  help: string,
  parse: (text: string) => T,
  options: FlagOptions = {},
): Flag<T | null> {
  return { type, help, initial: null, ...options, set: (_, text) => parse(text) };
}

/** Signed integer in Go's syntax (`0x10` too); 53 bits are kept. `type` is `int` also for docker's int64 flags. */
export function int(help: string, options: FlagOptions & { default?: number; bits?: 32 | 64 } = {}): Flag<number> {
  const initial = options.default ?? 0;
  return {
    type: "int",
    help,
    initial,
    ...(initial !== 0 && { shown: String(initial) }),
    ...options,
    set: (_, text) => parseInteger(text, options.bits ?? 64),
  };
}

/** Unsigned integer; `type` is `uint`, `uint16`, …. */
export function uint(help: string, options: FlagOptions & { bits?: 16 | 32 | 64; type?: string } = {}): Flag<number> {
  return { type: "uint", help, initial: 0, ...options, set: (_, text) => parseUnsigned(text, options.bits ?? 64) };
}

/** Repeatable: each occurrence adds one element. `parse` checks or rewrites an element. */
export function list(
  help: string,
  options: FlagOptions & { parse?: (text: string) => string; type?: string } = {},
): Flag<readonly string[]> {
  const parse = options.parse;
  return {
    type: "list",
    help,
    initial: [],
    ...options,
    set: (current, text) => [...current, parse ? parse(text) : text],
  };
}

/** Repeatable, and each occurrence may itself hold several, parted by commas (pflag's stringSlice). */
export function stringSlice(help: string, options: FlagOptions & { type?: string } = {}): Flag<readonly string[]> {
  return {
    type: "strings",
    help,
    initial: [],
    ...options,
    set: (current, text) => [...current, ...(text === "" ? [] : text.split(","))],
  };
}

/** Repeatable, elements of any shape. */
export function listOf<T>(
  type: string,
  help: string,
  parse: (text: string) => T,
  options: FlagOptions = {},
): Flag<readonly T[]> {
  return { type, help, initial: [], ...options, set: (current, text) => [...current, parse(text)] };
}

/** `--sysctl a=b` collected; a later key replaces an earlier one. `a` alone gives `a` → "". */
export function map(help: string, options: FlagOptions = {}): Flag<Readonly<Record<string, string>>> {
  return {
    type: "map",
    help,
    initial: {},
    shown: "map[]",
    ...options,
    set(current, text) {
      const at = text.indexOf("=");
      return at < 0 ? { ...current, [text]: "" } : { ...current, [text.slice(0, at)]: text.slice(at + 1) };
    },
  };
}

/** `--filter key=value`, kept as given: `key` → values, ready for the `filters` query parameter. */
export function filter(help: string, options: FlagOptions = {}): Flag<Readonly<Record<string, readonly string[]>>> {
  return {
    type: "filter",
    help,
    initial: {},
    short: "f",
    ...options,
    set(current, text) {
      if (text === "") return current;
      const at = text.indexOf("=");
      if (at < 0) throw new Error("bad format of filter (expected name=value)");
      const key = text.slice(0, at).trim().toLowerCase();
      const value = text.slice(at + 1).trim();
      const values = own(current, key) ?? [];
      return values.includes(value) ? current : { ...current, [key]: [...values, value] };
    },
  };
}

/** Go duration (`1m30s`) in nanoseconds. */
export function duration(help: string, options: FlagOptions & { default?: number } = {}): Flag<number> {
  return { type: "duration", help, initial: options.default ?? 0, ...options, set: (_, text) => readGoDuration(text) };
}

/** Size in bytes with binary units (`512m`, `1.5GiB`). */
export function bytes(help: string, options: FlagOptions & { shownZero?: boolean } = {}): Flag<number> {
  return { type: "bytes", help, initial: 0, ...options, set: (_, text) => parseBytes(text) };
}
