/** A JSON object whose fields are added, changed and removed for clients of another version. */
export type JsonObject = Record<string, unknown>;

/** True for a JSON object; arrays and null are none. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Calls `visit` with every object that holds the path's last name, and that name. `[]` stands for each item of a list,
 * `*` for each value of a map: `[].NetworkSettings.Networks.*.GwPriority`.
 */
export function eachHolder(root: unknown, path: string, visit: (holder: JsonObject, name: string) => void): void {
  const names = path.split(".");
  const last = names.pop() ?? "";
  for (const holder of reach(root, names)) if (isObject(holder)) visit(holder, last);
}

/** Everything at a path; the empty path is the root itself. */
export function eachAt(root: unknown, path: string): unknown[] {
  return reach(root, path === "" ? [] : path.split("."));
}

function reach(root: unknown, names: readonly string[]): unknown[] {
  return names.reduce<unknown[]>(
    (level, name) =>
      level.flatMap((value) => {
        if (name === "[]") return Array.isArray(value) ? value : [];
        if (!isObject(value)) return [];
        return name === "*" ? Object.values(value) : Object.hasOwn(value, name) ? [value[name]] : [];
      }),
    [root],
  );
}
