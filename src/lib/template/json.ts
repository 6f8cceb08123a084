/** JSON as Go reads and writes it: exact integers, sorted maps, and re-indenting a text without touching it. */
import { escapeHtml } from "../escape-html.ts";
import { decodeJson } from "../parse-json.ts";
import { wrap } from "./shape.ts";
import { GoTime } from "./time.ts";
import type { FieldType } from "./types.ts";
import { Float, GoMap, GoSlice, HeaderRow, isObject, Row, Stringer, Struct, TypedNil } from "./value.ts";

/** Parses JSON; whole numbers beyond 2^53 become bigints. */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return decodeJson(text);
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    return typeof value === "number" && source !== undefined && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value;
  });
}

/** `json.Marshal` without HTML escaping; what a row says of itself is escaped, since its own marshaller escapes. */
export function marshal(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return marshalString(value);
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (value instanceof Float) return String(value.value);
  if (value instanceof GoTime) return `"${value.toJSON()}"`;
  if (value instanceof TypedNil) return "null";
  if (value instanceof Stringer) return marshal(value.value);
  if (value instanceof Struct) return marshalTyped({ kind: "struct", shape: () => value.shape }, value.json);
  if (value instanceof GoMap || value instanceof GoSlice) return marshalTyped(value.type, value.json);
  if (value instanceof Row) return escapeHtml(marshal(rowFields(value)));
  if (value instanceof HeaderRow) return marshal(value.titles);
  if (Array.isArray(value)) return `[${value.map((item) => marshal(item)).join(",")}]`;
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${marshalString(key)}:${marshal(value[key])}`).join(",")}}`;
  }
  return "null";
}

/** What the methods without parameters say, by name. */
function rowFields(row: Row): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(row.methods)) if (method.length === 0) fields[name] = method();
  return fields;
}

/** A wire value through its type. */
function marshalTyped(type: FieldType, json: unknown): string {
  if (json === null || json === undefined) return marshal(wrap(type, json));
  switch (type.kind) {
    case "pointer":
      return marshalTyped(type.of, json);
    case "slice":
      return Array.isArray(json) ? `[${json.map((item) => marshalTyped(type.of, item)).join(",")}]` : marshal(json);
    case "map":
      if (!isObject(json)) return marshal(json);
      return `{${Object.keys(json)
        .sort()
        .map((key) => `${marshalString(key)}:${marshalTyped(type.of, json[key])}`)
        .join(",")}}`;
    case "struct": {
      if (!isObject(json)) return marshal(json);
      const { byJson } = type.shape();
      // Fields in the order of the type; what the type does not know comes after them.
      const known = [...byJson.values()].filter((field) => Object.hasOwn(json, field.json));
      const parts = known.map((field) => `${marshalString(field.json)}:${marshalTyped(field.type, json[field.json])}`);
      const rest = Object.keys(json)
        .filter((key) => !byJson.has(key))
        .map((key) => `${marshalString(key)}:${marshal(json[key])}`);
      return `{${[...parts, ...rest].join(",")}}`;
    }
    default:
      return marshal(json);
  }
}

function marshalString(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
}

/** Re-indents a JSON text (`json.Indent`), leaving every literal as it stands. */
export function indentJson(text: string, indent: string, prefix = ""): string {
  let out = "";
  let depth = 0;
  const newline = () => `\n${prefix}${indent.repeat(depth)}`;
  let fresh = false;
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    const word = token[0];
    if (fresh && word !== "}" && word !== "]") {
      depth++;
      out += newline();
      fresh = false;
    }
    if (word === "{" || word === "[") {
      out += word;
      fresh = true;
    } else if (word === "}" || word === "]") {
      if (fresh) fresh = false;
      else {
        depth--;
        out += newline();
      }
      out += word;
    } else if (word === ",") out += `,${newline()}`;
    else if (word === ":") out += ": ";
    else out += word;
  }
  return out;
}

/** Drops the space between tokens (`json.Compact`). */
export function compactJson(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (part) => (part.startsWith('"') ? part : ""));
}
