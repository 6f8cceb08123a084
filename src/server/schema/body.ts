import { errorMessage, invalid } from "../../lib/errors.ts";
import type { ApiRequest } from "../http/router.ts";
import type { Schema } from "./schema.ts";

/** Bytes of a JSON body. */
const limit = 16 * 1024 * 1024;

/** The JSON body of a request; null where there is none. `name` stands for the whole in errors. */
export async function readJson<T>(request: ApiRequest, schema: Schema<T>, name: string): Promise<T | null> {
  const type = request.headers.get("content-type") ?? "";
  if (type === "" && request.body.length === 0) return null;
  const media = type.split(";")[0]?.trim().toLowerCase() ?? "";
  if (!/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(media)) throw invalid(`malformed Content-Type header (${type}): mime: ${media === "" ? "no media type" : "expected slash after first token"}`);
  if (media !== "application/json") throw invalid(`unsupported Content-Type header (${type}): must be 'application/json'`);
  if (request.body.length === 0) return null;
  const text = new TextDecoder().decode(await request.body.bytes(limit));
  if (text.trim() === "") throw invalid("invalid JSON: got EOF while reading request body");
  const value = parse(text);
  return value === null ? null : schema(value, name);
}

/** As {@link readJson}; a missing body is an empty object. */
export async function requireJson<T extends object>(request: ApiRequest, schema: Schema<T>, name: string): Promise<T> {
  return (await readJson(request, schema, name)) ?? schema({}, name);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`invalid JSON: ${breaksOff(text) ? "unexpected EOF" : errorMessage(error).replace(/^JSON Parse error: /, "")}`);
  }
}

/** True where the text ends within a string, a list or an object. */
function breaksOff(text: string): boolean {
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/gs, "");
  const count = (pattern: RegExp) => bare.match(pattern)?.length ?? 0;
  return bare.includes('"') || count(/[{[]/g) > count(/[}\]]/g);
}
