/**
 * What a dockerd was seen to send (`dockerd.json`, written by record.ts), which is more than the description promises:
 * fields it never leaves out, ones that the description forgot, and what they are where the description is vague.
 */

import { versionNumber } from "./description.ts";
import recorded from "./dockerd.json";

export interface SeenField {
  /** Versions at which it came. */
  first: number;
  last: number;
  /** In each object of its kind. */
  always: boolean;
  /** `typeof` words, `array` and `null` among them. */
  kinds: ReadonlySet<string>;
}

/** The newest version of the dockerd that was asked. */
export const newestSeen = versionNumber("1.51");

const byOperation = new Map(
  Object.entries(recorded).map(([operation, patterns]) => [
    operation,
    new Map(Object.entries(patterns).map(([pattern, fields]) => [pattern, readFields(fields)])),
  ]),
);

function readFields(fields: Record<string, string>): ReadonlyMap<string, SeenField> {
  return new Map(
    Object.entries(fields).map(([name, text]) => {
      const [versions = "", often, kinds = ""] = text.split(" ");
      const [first = "", last = ""] = versions.split("-");
      return [
        name,
        {
          first: versionNumber(first),
          last: versionNumber(last),
          always: often === "always",
          kinds: new Set(kinds.split("|")),
        },
      ];
    }),
  );
}

const nothing: ReadonlyMap<string, SeenField> = new Map();

/** The fields of the objects at a place of an operation's reply. */
export function seenFields(operation: string, pattern: string): ReadonlyMap<string, SeenField> {
  return byOperation.get(operation)?.get(pattern) ?? nothing;
}
