/**
 * `--chmod`: octal (`0644`) or symbolic (`u=rwX,go-w`), as chmod(1). Returns the function that changes a mode, or
 * undefined where the text is neither.
 */
export function parseChmod(text: string): ((mode: number, type: string) => number) | undefined {
  if (/^[0-7]+$/.test(text)) {
    const fixed = Number.parseInt(text, 8);
    return fixed > 0o7777 ? undefined : () => fixed;
  }
  const clauses = text.split(",").map((clause) => /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/.exec(clause));
  if (clauses.some((clause) => clause === null)) return undefined;
  return (start, type) => {
    let mode = start;
    for (const clause of clauses) {
      const who = clause?.[1] === "" || clause?.[1]?.includes("a") ? "ugo" : (clause?.[1] ?? "");
      for (const [, operator, permissions = ""] of (clause?.[2] ?? "").matchAll(/([-+=])([rwxXst]*|[ugo])/g)) {
        for (const each of who) {
          const shift = { u: 6, g: 3, o: 0 }[each] ?? 0;
          const bits = bitsOf(permissions, mode, type) << shift;
          const special =
            (permissions.includes("s") && each !== "o" ? (each === "u" ? 0o4000 : 0o2000) : 0) |
            (permissions.includes("t") ? 0o1000 : 0);
          if (operator === "=") mode = (mode & ~(7 << shift)) | bits | special;
          else if (operator === "+") mode |= bits | special;
          else mode &= ~(bits | special);
        }
      }
    }
    return mode;
  };
}

function bitsOf(permissions: string, mode: number, type: string): number {
  const copied = { u: 6, g: 3, o: 0 }[permissions];
  if (copied !== undefined) return (mode >> copied) & 7;
  let bits = 0;
  if (permissions.includes("r")) bits |= 4;
  if (permissions.includes("w")) bits |= 2;
  if (permissions.includes("x") || (permissions.includes("X") && (type === "directory" || (mode & 0o111) !== 0)))
    bits |= 1;
  return bits;
}
