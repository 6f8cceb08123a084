import type { Schema } from "../../api/schema/schema.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { Semaphore } from "../../lib/lock.ts";
import { ContentAfterJson, parseJson } from "../../lib/parse-json.ts";
import type { ApiRequest } from "../http/router.ts";

/** Bytes of a JSON body. Reading one holds everybody up, and nobody has so much to say. */
const limit = 4 * 1024 * 1024;

/** The JSON body of a request; null where there is none. `name` stands for the whole in errors. */
export async function readJson<T>(request: ApiRequest, schema: Schema<T>, name: string): Promise<T | null> {
  const type = request.headers.get("content-type") ?? "";
  if (type === "" && request.body.length === 0) return null;
  const media = mediaTypeOf(type);
  if (!/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(media))
    throw invalid(
      `malformed Content-Type header (${type}): mime: ` +
        `${media === "" ? "no media type" : "expected slash after first token"}`,
    );
  if (media !== "application/json")
    throw invalid(`unsupported Content-Type header (${type}): must be 'application/json'`);
  if (request.body.length === 0) return null;
  const bytes = await request.body.bytes(limit);
  using _turn = bytes.length > large ? await turns.acquire(request.signal) : undefined;
  if (bytes.length > large) await new Promise(setImmediate);
  const text = new TextDecoder().decode(bytes);
  if (text.trim() === "") throw invalid("invalid JSON: got EOF while reading request body");
  const { value, more } = parse(text);
  const found = value === null ? null : schema(value, name);
  if (more) throw invalid("unexpected content after JSON");
  return found;
}

/** A Content-Type without its parameters. */
export const mediaTypeOf = (type: string): string => type.split(";")[0]?.trim().toLowerCase() ?? "";

/**
 * Bytes from which on the reading of a body can be felt: such ones are read one at a time, with a breath before each.
 */
const large = 256 * 1024;
const turns = new Semaphore(1);

/** As {@link readJson}; a missing body is an empty object. */
export async function requireJson<T extends object>(request: ApiRequest, schema: Schema<T>, name: string): Promise<T> {
  return (await readJson(request, schema, name)) ?? schema({}, name);
}

/**
 * The first value of a text, and whether more follows it. A bracket that closes nothing is passed over, as by Docker.
 */
function parse(text: string): { value: unknown; more: boolean } {
  try {
    return { value: parseJson(text, "unexpected EOF"), more: false };
  } catch (error) {
    if (error instanceof ContentAfterJson)
      return { value: parseJson(text.slice(0, error.end)), more: !/[\]}]/.test(text[error.end] ?? "") };
    throw invalid(`invalid JSON: ${errorMessage(error)}`);
  }
}
