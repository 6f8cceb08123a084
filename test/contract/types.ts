import { definition, type Schema } from "./description.ts";

/** A type of the description, taken apart. */
export type Type = { nullable: boolean } & (
  | { kind: "any" }
  | {
      kind: "scalar";
      scalar: "string" | "integer" | "number" | "boolean";
      format: string;
      allowed: readonly unknown[] | null;
      pattern: RegExp | null;
      minimum: number;
    }
  | { kind: "array"; item: () => Type; fewest: number; most: number }
  | { kind: "map"; value: () => Type }
  | { kind: "object"; fields: ReadonlyMap<string, () => Type>; required: ReadonlySet<string> }
);

const byName = new Map<string, Type>();
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isSchema = (value: unknown): value is Schema => typeof value === "string" || isRecord(value);

/** Reads a type as the data writes it. */
export function typeOf(schema: Schema): Type {
  return typeof schema === "string" ? fromWord(schema) : fromObject(schema);
}

function fromWord(word: string): Type {
  const nullable = word.endsWith("?");
  const bare = nullable ? word.slice(0, -1) : word;
  if (bare.startsWith("[]")) return { kind: "array", nullable, item: lazily(bare.slice(2)), fewest: 0, most: Infinity };
  if (bare.startsWith("map[string]")) return { kind: "map", nullable, value: lazily(bare.slice("map[string]".length)) };
  if (bare.startsWith("$")) {
    const name = bare.slice(1);
    const known = byName.get(name) ?? typeOf(definition(name));
    byName.set(name, known);
    return nullable ? { ...known, nullable } : known;
  }
  const [, scalar = "", format = ""] = /^(\w+)(?:\(([\w-]+)\))?$/.exec(bare) ?? [];
  if (scalar === "string" || scalar === "integer" || scalar === "number" || scalar === "boolean") {
    return { kind: "scalar", nullable, scalar, format, allowed: null, pattern: null, minimum: -Infinity };
  }
  if (scalar === "object" || scalar === "any") return { kind: "any", nullable: true };
  throw new Error(`a type that nobody knows: ${word}`);
}

function fromObject(schema: { [key: string]: unknown }): Type {
  const nullable = schema["nullable"] === true;
  const number = (key: string, without: number) => (typeof schema[key] === "number" ? schema[key] : without);
  if (Array.isArray(schema["allOf"])) return merge(schema["allOf"].filter(isSchema).map(typeOf), nullable);
  if (isRecord(schema["object"])) {
    const fields = new Map(
      Object.entries(schema["object"]).map(([name, field]) => [name, lazily(isSchema(field) ? field : "any")]),
    );
    const required = Array.isArray(schema["required"])
      ? schema["required"].map(String).filter((name) => fields.has(name))
      : [];
    return { kind: "object", nullable, fields, required: new Set(required) };
  }
  if (isSchema(schema["array"]))
    return {
      kind: "array",
      nullable,
      item: lazily(schema["array"]),
      fewest: number("minItems", 0),
      most: number("maxItems", Infinity),
    };
  if (isSchema(schema["map"])) return { kind: "map", nullable, value: lazily(schema["map"]) };
  if (!isSchema(schema["type"])) return { kind: "any", nullable: true };
  const type = typeOf(schema["type"]);
  if (type.kind !== "scalar") return { ...type, nullable: type.nullable || nullable };
  return {
    ...type,
    nullable: type.nullable || nullable,
    allowed: Array.isArray(schema["enum"]) ? schema["enum"] : null,
    pattern: typeof schema["pattern"] === "string" ? new RegExp(schema["pattern"]) : null,
    minimum: number("minimum", -Infinity),
  };
}

function merge(parts: Type[], nullable: boolean): Type {
  const [first, ...more] = parts;
  if (!first) return { kind: "any", nullable: true };
  if (more.length === 0) return first;
  const objects = parts.filter((part) => part.kind === "object");
  return {
    kind: "object",
    nullable,
    fields: new Map(objects.flatMap((part) => [...part.fields])),
    required: new Set(objects.flatMap((part) => [...part.required])),
  };
}

/** Definitions refer to each other, so each is read when it is asked for. */
function lazily(schema: Schema): () => Type {
  let type: Type | null = null;
  return () => (type ??= typeOf(schema));
}
