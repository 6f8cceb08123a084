/**
 * The Engine API as data: `engine-api.json`, taken from Docker's own description of it (its `meta` says of which
 * version, and how types are written). Versions are compared as numbers: 1.41 is 1041.
 */
import description from "./engine-api.json";

/** A type as the data writes it: `string`, `[]$Port?`, or an object where a word is not enough. */
export type Schema = string | { [key: string]: unknown };

export interface Operation {
  id: string;
  method: string;
  /** With `{…}` for what varies. */
  path: string;
  /** Media types of a success; empty where the description leaves them to its default. */
  produces: readonly string[];
  /** By status; null for a reply without a described body. */
  responses: Readonly<Record<string, Schema | null>>;
  body: Schema | null;
  query: readonly string[];
  /** Fields of replies and requests that came after the operation, or have gone: path to version. */
  since: Readonly<Record<string, number>>;
  last: Readonly<Record<string, number>>;
  requestLast: Readonly<Record<string, number>>;
}

/** 1.41 as 1041. */
export function versionNumber(text: string): number {
  const [major = "0", minor = "0"] = text.split(".");
  return Number(major) * 1000 + Number(minor);
}

/** 1041 as 1.41. */
export function versionText(version: number): string {
  return `${Math.floor(version / 1000)}.${version % 1000}`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function schemaOf(value: unknown): Schema | null {
  if (typeof value === "string") return value;
  return isRecord(value) ? value : null;
}

/** A response is a type, or a type with headers. */
function responseOf(value: unknown): Schema | null {
  return isRecord(value) && "schema" in value ? schemaOf(value["schema"]) : schemaOf(value);
}

function versionsOf(history: unknown, key: string): Record<string, number> {
  const fields = isRecord(history) && isRecord(history[key]) ? history[key] : {};
  return Object.fromEntries(Object.entries(fields).map(([path, version]) => [path, versionNumber(String(version))]));
}

const operations: readonly { operation: Operation; pattern: RegExp }[] = description.endpoints.map((endpoint) => {
  const history: unknown = "history" in endpoint ? endpoint.history : undefined;
  const body: unknown = "body" in endpoint ? endpoint.body : undefined;
  const operation: Operation = {
    id: endpoint.operationId,
    method: endpoint.method,
    path: endpoint.path,
    produces: "produces_default" in endpoint ? [] : endpoint.produces,
    responses: Object.fromEntries(
      Object.entries(endpoint.responses).map(([status, response]) => [status, responseOf(response)]),
    ),
    body: isRecord(body) ? schemaOf(body["schema"]) : null,
    query: endpoint.params.filter((parameter) => parameter.in === "query").map((parameter) => parameter.name),
    since: versionsOf(history, "response_fields_since"),
    last: versionsOf(history, "response_fields_last"),
    requestLast: versionsOf(history, "request_fields_last"),
  };
  return { operation, pattern: patternOf(endpoint.path) };
});

const undocumented = description.undocumented_routes.map((route) => ({
  method: route.method,
  pattern: patternOf(route.path),
}));

/** Names of images and plugins have slashes in them, those that links give containers too; others have not. */
function patternOf(path: string): RegExp {
  const wide = /^\/(images|distribution|plugins|containers)\//.test(path);
  const source = path
    .split("/")
    .map((part) => (part.startsWith("{") ? (wide ? ".+" : "[^/]+") : part.replaceAll(".", "\\.")))
    .join("/");
  return new RegExp(`^${source}$`);
}

/** The operation behind a method and a path without its version; null where the description has none. */
export function findOperation(method: string, path: string): Operation | null {
  const found = operations.filter(({ operation, pattern }) => operation.method === method && pattern.test(path));
  // `/images/json` before `/images/{name}/json` and the like.
  return (found.find(({ operation }) => !operation.path.includes("{")) ?? found[0])?.operation ?? null;
}

/** Whether the daemon has a route there that the description leaves out. */
export function isUndocumented(method: string, path: string): boolean {
  return undocumented.some((route) => route.method === method && route.pattern.test(path));
}

/** Definitions that take in another, which the data does not say of these. */
const inherits: Readonly<Record<string, string>> = { NetworkInspect: "Network" };

/** What `$Name` stands for. */
export function definition(name: string): Schema {
  const found: unknown = Object.entries(description.definitions).find(([each]) => each === name)?.[1];
  if (!isRecord(found)) throw new Error(`the description has no definition ${name}`);
  if (name in inherits)
    return { allOf: [`$${inherits[name]}`, { object: found["properties"], required: found["required"] }] };
  if ("allOf" in found) return { allOf: found["allOf"] };
  if (!("properties" in found)) return schemaOf(found["type"]) ?? "any";
  return { object: found["properties"], required: found["required"], nullable: found["nullable"] };
}
