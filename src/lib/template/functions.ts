import { basicCompare, equal } from "./compare.ts";
import { marshal } from "./json.ts";
import { show, sprint, sprintf, sprintln } from "./print.ts";
import { wrap } from "./shape.ts";
import { elements, fieldTypeName, GoMap, GoSlice, isObject, isTrue, kindOf, TypedNil, typeName } from "./value.ts";

export type ParamType = "any" | "string" | "int" | "strings";

export interface GoFunction {
  params: readonly ParamType[];
  variadic?: ParamType;
  /** `and` and `or` stop at the first argument of this truth. */
  shortCircuit?: boolean;
  /** A thrown error becomes `error calling NAME: …`. */
  call(...args: readonly unknown[]): unknown;
}

export type FunctionTable = Readonly<Record<string, GoFunction>>;

const text = (value: unknown) => (typeof value === "string" ? value : show(value));

function fn(
  params: readonly ParamType[],
  call: (...args: readonly unknown[]) => unknown,
  variadic?: ParamType,
): GoFunction {
  return variadic === undefined ? { params, call } : { params, call, variadic };
}

/** The functions that every Go template has. */
const builtins: FunctionTable = {
  and: { params: ["any"], variadic: "any", shortCircuit: false, call: () => undefined },
  or: { params: ["any"], variadic: "any", shortCircuit: true, call: () => undefined },
  not: fn(["any"], (value) => !isTrue(value)),
  len: fn(["any"], length),
  index: fn(["any"], (value, ...keys) => keys.reduce((at, key) => indexOne(at, key), value), "any"),
  slice: fn(["any"], slice, "any"),
  print: fn([], (...args) => sprint(args.map(nilOf)), "any"),
  println: fn([], (...args) => sprintln(args.map(nilOf)), "any"),
  printf: fn(["string"], (format, ...args) => sprintf(text(format), args.map(nilOf)), "any"),
  html: fn([], (...args) => escapeHtml(joined(args)), "any"),
  js: fn([], (...args) => escapeJs(joined(args)), "any"),
  urlquery: fn([], (...args) => escapeQuery(joined(args)), "any"),
  call: fn(
    ["any"],
    (value) => {
      throw new Error(value === undefined ? "call of nil" : `non-function of type ${typeName(value)}`);
    },
    "any",
  ),
  eq: fn(
    ["any"],
    (first, ...rest) => {
      if (rest.length === 0) throw new Error("missing argument for comparison");
      return rest.some((other) => equal(first, other));
    },
    "any",
  ),
  ne: fn(["any", "any"], (a, b) => !equal(a, b)),
  lt: fn(["any", "any"], (a, b) => basicCompare(a, b) < 0),
  le: fn(["any", "any"], (a, b) => basicCompare(a, b) <= 0),
  gt: fn(["any", "any"], (a, b) => basicCompare(a, b) > 0),
  ge: fn(["any", "any"], (a, b) => basicCompare(a, b) >= 0),
};

/** What Docker adds to them. */
export const dockerFunctions: FunctionTable = {
  ...builtins,
  json: fn(["any"], marshal),
  split: fn(["string", "string"], (value, separator) =>
    text(separator) === "" ? [...text(value)] : text(value).split(text(separator)),
  ),
  join: fn(["strings", "string"], (items, separator) => (Array.isArray(items) ? items.join(text(separator)) : "")),
  title: fn(["string"], (value) => text(value).replace(/(?<=^|[\s\0-/:-@[-^`{-\x7f])\p{L}/gu, upperRune)),
  lower: fn(["string"], (value) => text(value).toLowerCase()),
  upper: fn(["string"], (value) => text(value).replace(/\p{L}/gu, upperRune)),
  pad: fn(["string", "int", "int"], (value, before, after) => {
    if (text(value) === "") return "";
    return " ".repeat(Number(before)) + text(value) + " ".repeat(Number(after));
  }),
  truncate: fn(["string", "int"], (value, size) => {
    const bytes = Buffer.from(text(value));
    if (Number(size) < 0) throw new Error(`runtime error: slice bounds out of range [:${Number(size)}]`);
    return bytes.length < Number(size) ? text(value) : bytes.subarray(0, Number(size)).toString();
  }),
};

/** Go maps rune by rune, so `ß` stays. */
function upperRune(rune: string): string {
  const upper = rune.toUpperCase();
  return [...upper].length === 1 ? upper : rune;
}

const same = (value: unknown) => text(value);

/** For the header of a table: functions leave the titles alone; `pad` stays, to keep the columns aligned. */
export const headerFunctions: FunctionTable = {
  ...dockerFunctions,
  json: fn(["string"], same),
  split: fn(["string", "string"], same),
  join: fn(["string", "string"], same),
  title: fn(["string"], same),
  lower: fn(["string"], same),
  upper: fn(["string"], same),
  truncate: fn(["string", "int"], same),
};

const nilOf = (value: unknown) => (value === undefined ? null : value);

/** As Go's `evalArgs`: one string stands for itself, everything else is printed. */
function joined(args: readonly unknown[]): string {
  const [first] = args;
  return args.length === 1 && typeof first === "string" ? first : sprint(args.map(nilOf));
}

function length(value: unknown): number {
  switch (kindOf(value)) {
    case "string":
      return Buffer.byteLength(text(value));
    case "slice":
      return elements(value, wrap).length;
    case "map":
      return value instanceof GoMap ? Object.keys(value.json).length : isObject(value) ? Object.keys(value).length : 0;
    case "invalid":
      throw new Error("reflect: call of reflect.Value.Type on zero Value");
    default:
      throw new Error(value instanceof TypedNil ? "len of nil pointer" : `len of type ${typeName(value)}`);
  }
}

function indexOne(value: unknown, key: unknown): unknown {
  if (value === undefined || value === null) throw new Error("index of untyped nil");
  const kind = kindOf(value);
  if (kind === "slice" || kind === "string") {
    const size = length(value);
    if (key === undefined || key === null) throw new Error("cannot index slice/array with nil");
    if (kindOf(key) !== "int") throw new Error(`cannot index slice/array with type ${typeName(key)}`);
    const at = Number(key);
    if (at < 0 || at >= size) throw new Error(`index out of range: ${at}`);
    return kind === "string" ? Buffer.from(text(value))[at] : elements(value, wrap)[at];
  }
  if (kind === "map") {
    if (typeof key !== "string") {
      if (key === undefined || key === null) throw new Error("value is nil; should be of type string");
      throw new Error(`value has type ${typeName(key)}; should be string`);
    }
    if (value instanceof GoMap) return wrap(value.type.of, value.json[key]);
    if (value instanceof TypedNil && value.type.kind === "map") return wrap(value.type.of, undefined);
    return isObject(value) && Object.hasOwn(value, key) ? nilToInvalid(value[key]) : undefined;
  }
  if (kind === "pointer") throw new Error("index of nil pointer");
  throw new Error(
    `can't index item of type ${value instanceof TypedNil ? fieldTypeName(value.type) : typeName(value)}`,
  );
}

const nilToInvalid = (value: unknown) => (value === null ? undefined : value);

function slice(value: unknown, ...at: readonly unknown[]): unknown {
  if (value === undefined || value === null) throw new Error("slice of untyped nil");
  if (at.length > 3) throw new Error(`too many slice indexes: ${at.length}`);
  const kind = kindOf(value);
  if (kind !== "string" && kind !== "slice") throw new Error(`can't slice item of type ${typeName(value)}`);
  if (kind === "string" && at.length === 3) throw new Error("cannot 3-index slice a string");
  const size = length(value);
  const bounds = at.map((bound) => {
    if (kindOf(bound) !== "int") throw new Error(`cannot index slice/array with type ${typeName(bound)}`);
    const index = Number(bound);
    if (index < 0 || index > size) throw new Error(`index out of range: ${index}`);
    return index;
  });
  const [from = 0, to = size] = bounds;
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  if (kind === "string") return Buffer.from(text(value)).subarray(from, to).toString();
  return value instanceof GoSlice
    ? new GoSlice(value.type, value.json.slice(from, to))
    : elements(value, wrap).slice(from, to);
}

const htmlEscapes: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "\0": "\ufffd",
};

function escapeHtml(value: string): string {
  return value.replace(/[&<>"'\0]/g, (c) => htmlEscapes[c] ?? c);
}

const jsEscapes: Record<string, string> = {
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "<": "\\u003C",
  ">": "\\u003E",
  "&": "\\u0026",
  "=": "\\u003D",
};

function escapeJs(value: string): string {
  return value.replace(
    /[\\'"<>&=\0-\x1f\x7f-\x9f\u2028\u2029]/g,
    (c) => jsEscapes[c] ?? `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}

function escapeQuery(value: string): string {
  return encodeURIComponent(value)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
