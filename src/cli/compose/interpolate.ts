/** Variables in the strings of Compose files: `$NAME`, `${NAME}`, and what stands in for one that is not set. */

export type Variables = Readonly<Record<string, string | undefined>>;

/** A string with its variables filled in; `$$` is a dollar sign. Throws Docker's texts, `path` naming the place. */
function interpolate(text: string, variables: Variables, path: string): string {
  if (!text.includes("$")) return text;
  let out = "";
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) return out + text.slice(at);
    out += text.slice(at, dollar);
    const rest = text.slice(dollar + 1);
    const name = /^[_a-z][_a-z0-9]*/i.exec(rest)?.[0];
    if (rest.startsWith("$")) {
      out += "$";
      at = dollar + 2;
    } else if (name !== undefined) {
      out += variables[name] ?? "";
      at = dollar + 1 + name.length;
    } else {
      const end = rest.startsWith("{") ? closing(rest) : -1;
      if (end < 0) throw invalid(path, text);
      out += braced(rest.slice(1, end), variables, path, text);
      at = dollar + 2 + end;
    }
  }
  return out;
}

/** Where the brace closes that the text begins with; others may be within. */
function closing(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return i;
  }
  return -1;
}

/** `NAME`, `NAME:-default`, `NAME-default`, `NAME:?error`, `NAME?error`, `NAME:+instead`, `NAME+instead`. */
function braced(text: string, variables: Variables, path: string, whole: string): string {
  const [, name = "", operator = "", word = ""] = /^([_a-z][_a-z0-9]*)(:?[-?+])?(.*)$/is.exec(text) ?? [];
  if (name === "" || (operator === "" && word !== "")) throw invalid(path, whole);
  const value = variables[name];
  const isThere = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
  switch (operator.at(-1)) {
    case "-":
      return isThere ? (value ?? "") : interpolate(word, variables, path);
    case "+":
      return isThere ? interpolate(word, variables, path) : "";
    case "?": {
      if (isThere) return value ?? "";
      const said = interpolate(word, variables, path);
      throw invalid(path, `required variable ${name} is missing a value${said === "" ? "" : `: ${said}`}`);
    }
    default:
      return value ?? "";
  }
}

function invalid(path: string, problem: string): Error {
  return new Error(
    `invalid interpolation format for ${path}: ${JSON.stringify(problem)}; you may need to escape any $ with another $`,
  );
}

/** Fills in the variables of every string in a tree. */
export function interpolateTree(value: unknown, variables: Variables, path: string): unknown {
  if (typeof value === "string") return interpolate(value, variables, path);
  if (Array.isArray(value)) return value.map((one, i) => interpolateTree(one, variables, `${path}[${i}]`));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      interpolateTree(one, variables, path === "" ? key : `${path}.${key}`),
    ]),
  );
}
