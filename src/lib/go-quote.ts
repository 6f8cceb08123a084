/** The string as a Go string literal (`strconv.Quote`). */
export function quote(text: string, delimiter = '"'): string {
  // Plain ASCII is nearly everything; the table of what else prints takes a millisecond to make.
  if (/^[ !#-&(-[\]-~]*$/.test(text)) return delimiter + text + delimiter;
  let out = delimiter;
  for (const c of text) {
    const code = c.codePointAt(0) ?? 0;
    if (c === delimiter || c === "\\") out += `\\${c}`;
    else if (escapes[c] !== undefined) out += escapes[c];
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c)) out += c;
    else
      out += code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  }
  return out + delimiter;
}

const escapes: Record<string, string> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

const unescapes: Record<string, string> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

/** The value of a Go string or character literal, quotes included; null where it is malformed. */
export function unquote(literal: string): string | null {
  const delimiter = literal[0];
  const body = literal.slice(1, -1);
  if (delimiter === "`") return body.replaceAll("\r", "");
  let out = "";
  for (let i = 0; i < body.length; i++) {
    const c = body[i] ?? "";
    if (c !== "\\") {
      out += c;
      continue;
    }
    const next = body[++i] ?? "";
    const sizes: Record<string, number> = { x: 2, u: 4, U: 8 };
    const size = sizes[next];
    if (size !== undefined) {
      const hex = body.slice(i + 1, i + 1 + size);
      if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length !== size) return null;
      const code = parseInt(hex, 16);
      if (code > 0x10ffff) return null;
      out += String.fromCodePoint(code);
      i += size;
    } else if (/[0-7]/.test(next)) {
      const octal = body.slice(i, i + 3);
      if (!/^[0-7]{3}$/.test(octal)) return null;
      out += String.fromCodePoint(parseInt(octal, 8));
      i += 2;
    } else {
      const plain = unescapes[next];
      if (plain === undefined || ((next === '"' || next === "'") && next !== delimiter)) return null;
      out += plain;
    }
  }
  return out;
}

/** The character at an offset as Go's `%#U` writes it: `U+0040 '@'`. */
export function unicodeName(text: string, at: number): string {
  const code = text.codePointAt(at);
  if (code === undefined) return "U+FFFD '�'";
  const hex = code.toString(16).toUpperCase().padStart(4, "0");
  return code < 0x20 || code === 0x7f ? `U+${hex}` : `U+${hex} '${String.fromCodePoint(code)}'`;
}
