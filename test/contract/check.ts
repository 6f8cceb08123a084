import { versionText } from "./description.ts";
import { newestSeen, type SeenField, seenFields } from "./seen.ts";
import type { Type } from "./types.ts";

/**
 * What is wrong with a value. `at` names the place with indices and keys, `pattern` with `[]` and `*` in their stead.
 */
export interface Breach {
  at: string;
  pattern: string;
  kind: "type" | "null" | "unknown" | "missing" | "early" | "gone";
  expected: string;
  got: string;
}

export interface Rules {
  /** Of the reply that is looked at; null for other values. */
  operation: string | null;
  version: number;
  /** Fields that came later, or have gone: pattern to version. */
  since: Readonly<Record<string, number>>;
  last: Readonly<Record<string, number>>;
  /** Whether fields that the description does not have are a breach. */
  closed: boolean;
  /** Whether null stands for a value left out, wherever it is: in requests. */
  nulls?: boolean;
}

interface Place {
  at: string;
  pattern: string;
}

/** Breaches of a type by a value, in the order of the value's keys. */
export function check(type: Type, value: unknown, rules: Rules): Breach[] {
  const breaches: Breach[] = [];
  visit(type, value, { at: "", pattern: "" }, rules, breaches);
  return breaches;
}

function visit(type: Type, value: unknown, place: Place, rules: Rules, breaches: Breach[]): void {
  const wrong = (kind: Breach["kind"], expected: string) =>
    breaches.push({ ...place, kind, expected, got: show(value) });
  if (type.kind === "any") return;
  if (value === null || value === undefined) {
    // Go writes an empty list, map or reference as null, and reads it so.
    if (!type.nullable && type.kind === "scalar" && !rules.nulls) wrong("null", nameOf(type));
    return;
  }
  switch (type.kind) {
    case "scalar":
      if (!isScalar(type.scalar, value)) wrong("type", nameOf(type));
      else if (type.allowed && !type.allowed.includes(value))
        wrong("type", `one of ${type.allowed.map((each) => JSON.stringify(each)).join(", ")}`);
      else if (type.pattern && !type.pattern.test(String(value))) wrong("type", String(type.pattern));
      else if (typeof value === "number" && value < type.minimum) wrong("type", `${type.minimum} at least`);
      else if (
        /^date-?time$/i.test(type.format) &&
        !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(String(value))
      )
        wrong("type", "a time as in RFC 3339");
      return;
    case "array":
      if (!Array.isArray(value)) return void wrong("type", nameOf(type));
      if (value.length < type.fewest || value.length > type.most) wrong("type", `${type.fewest} to ${type.most} items`);
      value.forEach((item: unknown, index) =>
        visit(type.item(), item, { at: `${place.at}[${index}]`, pattern: `${place.pattern}[]` }, rules, breaches),
      );
      return;
    case "map":
      if (!isRecord(value)) return void wrong("type", nameOf(type));
      for (const [key, item] of Object.entries(value))
        visit(type.value(), item, { at: join(place.at, key), pattern: join(place.pattern, "*") }, rules, breaches);
      return;
    case "object":
      if (!isRecord(value)) return void wrong("type", nameOf(type));
      visitFields(type, value, place, rules, breaches);
  }
}

function visitFields(
  type: Type & { kind: "object" },
  value: Record<string, unknown>,
  place: Place,
  rules: Rules,
  breaches: Breach[],
): void {
  const seen = rules.operation === null ? nothing : seenFields(rules.operation, place.pattern);
  for (const [key, item] of Object.entries(value)) {
    const here = { at: join(place.at, key), pattern: join(place.pattern, key) };
    const wrong = (kind: Breach["kind"], expected: string) =>
      breaches.push({ ...here, kind, expected, got: show(item) });
    const known = seen.get(key);
    const field = type.fields.get(key);
    // The description tells late of many fields; what was seen counts.
    const since = known ? known.first : (rules.since[here.pattern] ?? 0);
    if (rules.operation !== null && rules.version < since && (known || since > newestSeen))
      wrong("early", `nothing before ${versionText(since)}`);
    if (known && !known.kinds.has(kindOf(item)) && (!field || item === null))
      wrong("null", [...known.kinds].join(" or "));
    else if (field && !(item === null && known)) visit(field(), item, here, rules, breaches);
    if (!field && !(known && rules.version <= Math.min(known.last, newestSeen))) {
      const last = rules.last[here.pattern];
      if (!rules.closed) continue;
      if (last !== undefined && rules.version > last) wrong("gone", `nothing, it went after ${versionText(last)}`);
      else if (last === undefined) wrong("unknown", "nothing");
    }
  }
  for (const name of type.required) if (!(name in value)) breaches.push(missing(name, place));
  for (const [name, known] of seen) {
    const gone = rules.last[join(place.pattern, name)] ?? (type.fields.has(name) ? Infinity : newestSeen);
    if (
      known.always &&
      !(name in value) &&
      !type.required.has(name) &&
      rules.version >= known.first &&
      rules.version <= gone &&
      Math.min(rules.version, newestSeen) <= known.last
    ) {
      breaches.push(missing(name, place));
    }
  }
}

const nothing: ReadonlyMap<string, SeenField> = new Map();

function missing(name: string, place: Place): Breach {
  return {
    at: join(place.at, name),
    pattern: join(place.pattern, name),
    kind: "missing",
    expected: "a value",
    got: "nothing",
  };
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function isScalar(scalar: string, value: unknown): boolean {
  // JavaScript rounds integers beyond 2^53 to integers, which is near enough here.
  return scalar === "integer" ? Number.isInteger(value) : typeof value === scalar;
}

function nameOf(type: Type): string {
  return type.kind === "scalar" ? type.scalar : type.kind;
}

/** A value as it stands in a message: short. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
