/** The fields of one CSV record, quotes as RFC 4180 has them; throws with the texts of Go's encoding/csv. */
export function csvFields(line: string): string[] {
  if (line === "") throw new Error("EOF");
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] !== '"') {
      const comma = line.indexOf(",", at);
      const field = line.slice(at, comma < 0 ? undefined : comma);
      const quote = field.indexOf('"');
      if (quote >= 0) throw new Error(`parse error on line 1, column ${at + quote + 1}: bare " in non-quoted-field`);
      fields.push(field);
      if (comma < 0) return fields;
      at = comma + 1;
      continue;
    }
    let field = "";
    for (at++; ; ) {
      const quote = line.indexOf('"', at);
      if (quote < 0)
        throw new Error(`parse error on line 1, column ${line.length + 1}: extraneous or missing " in quoted-field`);
      field += line.slice(at, quote);
      at = quote + 1;
      if (line[at] !== '"') break;
      field += '"';
      at++;
    }
    fields.push(field);
    if (at >= line.length) return fields;
    if (line[at] !== ",")
      throw new Error(`parse error on line 1, column ${at}: extraneous or missing " in quoted-field`);
    at++;
  }
}

/** `a=b` → [a, b, true]; `a` → [a, "", false]. */
export function cut(text: string, separator: string): [before: string, after: string, found: boolean] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, "", false] : [text.slice(0, at), text.slice(at + separator.length), true];
}

/** `["a=b", "c"]` → `{ a: "b", c: "" }`; the last of a key wins. */
export function keyValues(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => cut(line, "=").slice(0, 2)));
}
