/** A query parameter. A list is sent as one parameter for each item. */
export type QueryValue = string | number | boolean | readonly string[] | null | undefined;

/**
 * `?a=1&b=2`; empty for nothing. Booleans are `1` and left out where false; absent, null and "" are left out; a list
 * repeats its key.
 */
export function queryString(query: Readonly<Record<string, QueryValue>> | undefined): string {
  let text = "";
  for (const key in query) {
    const value = query[key];
    if (value === undefined || value === null || value === "" || value === false) continue;
    for (const one of typeof value === "object" ? value : [value === true ? "1" : String(value)]) {
      text += `${text === "" ? "?" : "&"}${key}=${encodeURIComponent(one)}`;
    }
  }
  return text;
}

/** The `filters` parameter: key → values as JSON; undefined for none. */
export function filtersJson(filters: Readonly<Record<string, readonly string[]>> | undefined): string | undefined {
  if (!filters || Object.keys(filters).length === 0) return undefined;
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(filters).map(([key, values]) => [key, Object.fromEntries(values.map((value) => [value, true]))]),
    ),
  );
}
