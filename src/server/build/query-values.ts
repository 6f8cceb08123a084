import type { Resources } from "../../api/types/container.ts";
import { invalid } from "../../lib/errors.ts";
import { parseJson } from "../../lib/parse-json.ts";

/** Structured values in the query of `POST /build`, and in its headers: JSON in a string. All throw `invalid`. */
export function parseValue(text: string, name: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw invalid(`error parsing ${name}: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
}

/** A JSON object's entries, whatever their values are. */
export function entriesOf(text: string, name: string): [string, unknown][] {
  if (text === "") return [];
  const value = parseValue(text, name) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalid(`invalid ${name}: it should be a JSON object`);
  return Object.entries(value);
}

/**
 * A query parameter that is a JSON object of texts (`name` is for error texts). Other values become text; null is left
 * out.
 */
export function mapOf(text: string, name: string): Record<string, string> {
  // An argument without a value takes none, as if it had not been given.
  return Object.fromEntries(
    entriesOf(text, name).flatMap(([key, each]) =>
      typeof each === "string" ? [[key, each]] : each === null ? [] : [[key, String(each)]],
    ),
  );
}

/** A JSON array of strings; what else is in it does not count. */
export function listOf(text: string): string[] {
  const value: unknown = text === "" ? [] : parseValue(text, "list");
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
}

/**
 * The build's `ulimits` parameter: a JSON array of `{Name, Soft, Hard}`; empty text and `null`: none. Throws `invalid`,
 * `error reading ulimit settings: …`.
 */
export function ulimitsOf(text: string): NonNullable<Resources["Ulimits"]> {
  // Clients written in Go send `null` for an empty list.
  const value = (text === "" ? null : parseValue(text, "ulimits")) ?? [];
  if (!Array.isArray(value)) throw invalid("error reading ulimit settings: it should be a JSON array");
  return value.map((each: unknown) => {
    if (
      typeof each === "object" &&
      each !== null &&
      "Name" in each &&
      typeof each.Name === "string" &&
      "Soft" in each &&
      typeof each.Soft === "number" &&
      "Hard" in each &&
      typeof each.Hard === "number"
    ) {
      return { Name: each.Name, Soft: each.Soft, Hard: each.Hard };
    }
    throw invalid("error reading ulimit settings: each needs Name, Soft and Hard");
  });
}
