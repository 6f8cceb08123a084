/** Streams of JSON values, one a line: events, stats, progress. */
import { decodeJson } from "../lib/parse-json.ts";

const newline = 10;

/** One value as a line. */
export function encodeJsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/**
 * Values of a stream of JSON lines. Lines may end with CR LF and start with a record separator (RFC 7464); empty
 * ones are passed over. Throws SyntaxError at a line that is no JSON, RangeError at one longer than `maxLine` bytes.
 */
export async function* decodeJsonLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLine = 64 * 1024 * 1024,
): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let parts: Uint8Array[] = [];
  let size = 0;
  const take = (last: Uint8Array): string => {
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    size = 0;
    const text = decoder.decode(bytes);
    return (text.startsWith("\x1e") ? text.slice(1) : text).trim();
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      const line = take(chunk.subarray(from, at));
      from = at + 1;
      if (line !== "") yield decodeJson(line, "unexpected EOF");
    }
    if (from < chunk.length) {
      const rest = chunk.subarray(from);
      parts.push(rest);
      size += rest.length;
      if (size > maxLine) throw new RangeError(`a line of more than ${maxLine} bytes`);
    }
  }
  const line = take(new Uint8Array());
  if (line !== "") yield decodeJson(line, "unexpected EOF");
}
