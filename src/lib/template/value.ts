/**
 * The values a template works on. JSON values stand for themselves (an object is a `map[string]interface {}`);
 * what Go's types add over them (field names, zero values, element types) comes as one of the classes here.
 */
import type { FieldType, Shape } from "./types.ts";

/** A number that is a float64 whatever its digits; plain numbers are ints where they are whole. */
export class Float {
  constructor(readonly value: number) {}
}

/** A wire object seen through its Go struct type. */
export class Struct {
  constructor(
    readonly shape: Shape,
    readonly json: Readonly<Record<string, unknown>>,
    readonly isPointer = false,
  ) {}
}

/** A Go map with string keys of a known element type. */
export class GoMap {
  constructor(
    readonly type: FieldType & { kind: "map" },
    readonly json: Readonly<Record<string, unknown>>,
  ) {}
}

/** A Go slice of a known element type. */
export class GoSlice {
  constructor(
    readonly type: FieldType & { kind: "slice" },
    readonly json: readonly unknown[],
  ) {}
}

/** A nil pointer, slice or map of a known type. */
export class TypedNil {
  constructor(readonly type: FieldType) {}
}

/** A value that prints as a text of its own (Go's Stringer) and marshals as it is. */
export class Stringer {
  constructor(
    readonly text: string,
    readonly value: unknown,
  ) {}
}

/** What stands behind a value's own text. */
export function plain(value: unknown): unknown {
  return value instanceof Stringer ? value.value : value instanceof Float ? value.value : value;
}

export type Method = (...args: never[]) => unknown;

/**
 * What a list command shows of one thing: a Go context struct, of which templates see only the methods.
 * Methods without parameters make up its JSON form.
 */
export class Row {
  /** `untyped`: those of `methods` whose parameters are anything rather than strings. */
  constructor(
    readonly typeName: string,
    readonly methods: Readonly<Record<string, Method>>,
    readonly untyped: readonly string[] = [],
  ) {}
}

/** The header of a table: column titles by name; what has none reads as a missing map entry. */
export class HeaderRow {
  constructor(readonly titles: Readonly<Record<string, string>>) {}
}

export type Kind = "invalid" | "bool" | "int" | "float" | "string" | "slice" | "map" | "struct" | "pointer";

export function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  );
}

export function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return Number.isInteger(value) ? "int" : "float";
  }
  if (value === null || value === undefined) return "invalid";
  if (Array.isArray(value) || value instanceof GoSlice) return "slice";
  if (value instanceof Float) return "float";
  if (value instanceof Stringer && typeof value.value === "number") return "int";
  if (value instanceof GoMap || value instanceof HeaderRow) return "map";
  if (value instanceof TypedNil)
    return value.type.kind === "slice" ? "slice" : value.type.kind === "map" ? "map" : "pointer";
  if (isObject(value)) return "map";
  return "struct";
}

/** The Go name of the value's type, as error texts give it. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return "interface {}";
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "bigint":
      return "int64";
    case "number":
      return Number.isInteger(value) ? "int" : "float64";
  }
  if (value instanceof Float) return "float64";
  if (value instanceof Row) return value.typeName;
  if (value instanceof Struct) return (value.isPointer ? "*" : "") + value.shape.name;
  if (value instanceof GoMap || value instanceof GoSlice || value instanceof TypedNil) return fieldTypeName(value.type);
  if (value instanceof HeaderRow) return "formatter.SubHeaderContext";
  if (Array.isArray(value)) return "[]interface {}";
  if (isObject(value)) return "map[string]interface {}";
  return value instanceof Stringer ? "fmt.Stringer" : "time.Time";
}

export function fieldTypeName(type: FieldType): string {
  switch (type.kind) {
    case "slice":
      return `[]${fieldTypeName(type.of)}`;
    case "map":
      return `map[string]${fieldTypeName(type.of)}`;
    case "pointer":
      return `*${fieldTypeName(type.of)}`;
    case "struct":
      return type.shape().name;
    case "any":
      return "interface {}";
    case "float":
      return "float64";
    case "time":
      return "time.Time";
    case "duration":
      return "time.Duration";
    default:
      return type.kind;
  }
}

/** The elements of a slice value. */
export function elements(value: unknown, wrap: Wrap): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value instanceof GoSlice) return value.json.map((item) => wrap(value.type.of, item));
  return [];
}

/** The entries of a map value in the order of their keys. */
export function entries(value: unknown, wrap: Wrap): [string, unknown][] {
  let list: [string, unknown][] = [];
  if (value instanceof GoMap) list = Object.entries(value.json).map(([key, item]) => [key, wrap(value.type.of, item)]);
  else if (value instanceof HeaderRow) list = Object.entries(value.titles);
  else if (isObject(value)) list = Object.entries(value);
  return list.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Sees a JSON value through a type; undefined gives the type's zero value. */
export type Wrap = (type: FieldType, json: unknown) => unknown;

/** Whether the value counts as true in `if`, `and`, `or`, `not`. */
export function isTrue(value: unknown): boolean {
  switch (kindOf(value)) {
    case "invalid":
      return false;
    case "bool":
      return value === true;
    case "int":
      return plain(value) !== 0 && value !== 0n;
    case "float":
      return (value instanceof Float ? value.value : value) !== 0;
    case "string":
      return value !== "";
    case "slice":
      return value instanceof GoSlice ? value.json.length > 0 : Array.isArray(value) && value.length > 0;
    case "map":
      if (value instanceof GoMap) return Object.keys(value.json).length > 0;
      return isObject(value) ? Object.keys(value).length > 0 : value instanceof HeaderRow;
    case "pointer":
      return false;
    case "struct":
      return true;
  }
}
