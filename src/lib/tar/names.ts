/**
 * File names are bytes; the engine handles them as strings. Bytes that are not valid UTF-8 become lone low surrogates
 * (U+DC80 … U+DCFF), which no valid UTF-8 decodes to, so that every name survives the way there and back.
 */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A name from an archive or a system call as a string; {@link encodeName} gives the same bytes back. */
export function decodeName(bytes: Uint8Array): string {
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  try {
    return strict.decode(bytes);
  } catch {
    return decodeBroken(bytes);
  }
}

/** The bytes of a name that {@link decodeName} made, or of any string. */
export function encodeName(name: string): Buffer {
  return /[\uDC80-\uDCFF]/.test(name) && !name.isWellFormed() ? encodeBroken(name) : Buffer.from(name, "utf8");
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 127) return false;
  return true;
}

/** Valid sequences as they are, every other byte escaped. */
function decodeBroken(bytes: Uint8Array): string {
  let name = "";
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes[i]!);
    let text: string | undefined;
    if (length > 0 && i + length <= bytes.length) {
      try {
        text = strict.decode(bytes.subarray(i, i + length));
      } catch {}
    }
    if (text === undefined) {
      name += String.fromCharCode(0xdc00 + bytes[i]!);
      i++;
    } else {
      name += text;
      i += length;
    }
  }
  return name;
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

function encodeBroken(name: string): Buffer {
  const parts: Buffer[] = [];
  for (const character of name) {
    const code = character.codePointAt(0)!;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character, "utf8"));
  }
  return Buffer.concat(parts);
}
