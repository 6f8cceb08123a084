/**
 * Takes a dockerd through a tour and writes which fields it sends, at which versions, whether it ever leaves them out,
 * and what they are: `bin/bun test/contract/record.ts /run/docker.sock >test/contract/dockerd.json`.
 */
import { type Operation, versionText } from "./description.ts";
import { lineTypes } from "./lines.ts";
import { tour } from "./tour.ts";
import { type Type, typeOf } from "./types.ts";

/** What was seen of a field: by version, the objects that had it and the letters of what it was. */
type Seen = Map<string, { had: number; kinds: Set<string> }>;
/** Operation, pattern, version: how many objects there were, and their fields. */
const seen = new Map<string, Map<string, Map<number, { objects: number; fields: Seen }>>>();

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const kindOf = (value: unknown) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

function note(operation: Operation, version: number, type: Type, value: unknown, pattern: string): void {
  if (type.kind === "array" && Array.isArray(value))
    for (const item of value) note(operation, version, type.item(), item, `${pattern}[]`);
  if (type.kind === "map" && isRecord(value))
    for (const item of Object.values(value)) note(operation, version, type.value(), item, join(pattern, "*"));
  if (type.kind !== "object" || !isRecord(value)) return;
  const patterns = seen.get(operation.id) ?? new Map<string, Map<number, { objects: number; fields: Seen }>>();
  const versions = patterns.get(pattern) ?? new Map<number, { objects: number; fields: Seen }>();
  const here = versions.get(version) ?? { objects: 0, fields: new Map() };
  seen.set(operation.id, patterns.set(pattern, versions.set(version, here)));
  here.objects++;
  for (const [key, item] of Object.entries(value)) {
    const field = here.fields.get(key) ?? { had: 0, kinds: new Set() };
    field.had++;
    field.kinds.add(kindOf(item));
    here.fields.set(key, field);
    const known = type.fields.get(key);
    if (known) note(operation, version, known(), item, join(pattern, key));
  }
}

const join = (path: string, key: string) => (path === "" ? key : `${path}.${key}`);

/** As seen.ts reads it: operation, pattern, field. */
function result(): Record<string, Record<string, Record<string, string>>> {
  const out: Record<string, Record<string, Record<string, string>>> = {};
  for (const [operation, patterns] of [...seen].sort()) {
    const fieldsOf = (out[operation] ??= {});
    for (const [pattern, versions] of [...patterns].sort()) {
      const names = new Set([...versions.values()].flatMap(({ fields }) => [...fields.keys()]));
      for (const name of [...names].sort()) {
        const having = [...versions].filter(([, { fields }]) => fields.has(name)).sort(([a], [b]) => a - b);
        const always = having.every(([, { objects, fields }]) => fields.get(name)?.had === objects);
        const kinds = new Set(having.flatMap(([, { fields }]) => [...(fields.get(name)?.kinds ?? [])]));
        const [first = 0, last = 0] = [having[0]?.[0], having.at(-1)?.[0]];
        (fieldsOf[pattern] ??= {})[name] =
          `${versionText(first)}-${versionText(last)} ${always ? "always" : "sometimes"} ` +
          `${[...kinds].sort().join("|")}`;
      }
    }
  }
  return out;
}

await tour(process.argv[2] ?? "/var/run/docker.sock", (operation, version, status, text) => {
  const line = lineTypes[operation.id]?.();
  const schema = operation.responses[status];
  if (line)
    for (const each of text.split("\n").filter((each) => each.trim() !== ""))
      note(operation, version, line, JSON.parse(each), "");
  else if (schema && text.trim() !== "") note(operation, version, typeOf(schema), JSON.parse(text), "");
});
console.log(JSON.stringify(result(), null, 1));
