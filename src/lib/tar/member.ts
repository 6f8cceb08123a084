import { tarEntry } from "./entry.ts";
import { encodeHeader, padding } from "./writer.ts";

/**
 * A file of an archive, whose content comes from elsewhere; it is opened when its turn has come, so that whoever stops
 * reading before leaves nothing open. Throws where the content is not as long as was said.
 */
export async function* member(
  name: string,
  size: number,
  open: () => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield encodeHeader(tarEntry({ name, size }));
  let written = 0;
  for await (const chunk of open()) {
    written += chunk.length;
    yield chunk;
  }
  if (written !== size) throw new Error(`${name} has ${written} bytes instead of ${size}`);
  yield padding(size);
}

/** A small file of an archive, whose content is a text. */
export function* textMember(name: string, text: string): Generator<Uint8Array> {
  const content = Buffer.from(text);
  yield encodeHeader(tarEntry({ name, size: content.length }));
  yield content;
  yield padding(content.length);
}
