import { formatGoDuration } from "../go-duration.ts";
import { GoTime } from "./time.ts";
import type { Field, FieldType, Shape } from "./types.ts";
import { Float, GoMap, GoSlice, isObject, Stringer, Struct, TypedNil } from "./value.ts";

/**
 * Reads struct types written as text: a line `Name go.Name` opens one, indented lines are its fields, `GoName type
 * [jsonName]`. Types are string, int, float, bool, any, time, duration, a struct's name, and `[]T`, `map[string]T`,
 * `*T` of them; `Empty` is the struct without fields. An indented line `+Name` takes over the fields of another struct.
 */
export function compileShapes(text: string): (name: string) => Shape {
  const shapes = new Map<string, Shape>([["Empty", { name: "struct {}", fields: new Map(), byJson: new Map() }]]);
  const find = (name: string): Shape => {
    const shape = shapes.get(name);
    if (!shape) throw new Error(`no shape ${name}`);
    return shape;
  };
  let fields = new Map<string, Field>();
  let byJson = new Map<string, Field>();
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    const [name = "", second = ""] = words;
    if (name === "") continue;
    if (!line.startsWith(" ")) {
      fields = new Map();
      byJson = new Map();
      shapes.set(name, { name: second || name, fields, byJson });
    } else if (name.startsWith("+")) {
      for (const field of find(name.slice(1)).fields.values()) {
        fields.set(field.name, field);
        byJson.set(field.json, field);
      }
    } else {
      const field = { name, json: words[2] ?? name, type: parseType(second, find) };
      fields.set(name, field);
      byJson.set(field.json, field);
    }
  }
  return find;
}

function parseType(text: string, find: (name: string) => Shape): FieldType {
  if (text.startsWith("[]")) return { kind: "slice", of: parseType(text.slice(2), find) };
  if (text.startsWith("map[string]")) return { kind: "map", of: parseType(text.slice(11), find) };
  if (text.startsWith("*")) return { kind: "pointer", of: parseType(text.slice(1), find) };
  switch (text) {
    case "string":
    case "int":
    case "float":
    case "bool":
    case "any":
    case "time":
    case "duration":
      return { kind: text };
    default:
      return { kind: "struct", shape: () => find(text) };
  }
}

/** Sees a JSON value through a type; null and undefined give the type's zero value. */
export function wrap(type: FieldType, json: unknown): unknown {
  const isNil = json === null || json === undefined;
  switch (type.kind) {
    case "any":
      return json;
    case "string":
      return isNil ? "" : json;
    case "int":
      return isNil ? 0 : json;
    case "float":
      return new Float(typeof json === "number" ? json : 0);
    case "bool":
      return isNil ? false : json;
    case "duration":
      return new Stringer(formatGoDuration(typeof json === "number" ? BigInt(json) : 0n), isNil ? 0 : json);
    case "time":
      return typeof json === "string" ? (GoTime.parse(json) ?? json) : GoTime.zero;
    case "slice":
      return Array.isArray(json) ? new GoSlice({ ...type, kind: "slice" }, json) : new TypedNil(type);
    case "map":
      return isObject(json) ? new GoMap({ ...type, kind: "map" }, json) : new TypedNil(type);
    case "pointer": {
      if (isNil) return new TypedNil(type);
      const value = wrap(type.of, json);
      return value instanceof Struct ? new Struct(value.shape, value.json, true) : value;
    }
    case "struct":
      return new Struct(type.shape(), isObject(json) ? json : {});
  }
}

/** A wire object seen as a pointer to the struct of this shape, as inspect commands hand it to templates. */
export function struct(shape: Shape, json: unknown): Struct {
  return new Struct(shape, isObject(json) ? json : {}, true);
}
