import type { Call } from "../../../testing.ts";

/** A call without what differs between clients. */
export function recordedCall({ method, path, query, body, headers }: Call) {
  const auth = headers.get("x-registry-auth");
  return {
    call: `${method} ${path}`,
    ...(Object.keys(query).length > 0 && { query: inOrder(withFilters(query)) }),
    ...(body !== null && { body: inOrder(body) }),
    ...(auth !== null && { auth }),
  };
}

/** Files that command lines name, in the folder where they run. */
export const serviceFiles = { "env.list": "# a file\nFOO\nBAR=from the file\nMISSING\n" };

/** Docker's client keeps some lists in maps: their order is another each time. */
const unordered = ["Secrets", "Configs", "Env", "GenericResources", "Ports"];

function inOrder(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const values = value.map((one) => inOrder(one));
    return unordered.includes(key) ? values.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : values;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, one]): [string, unknown] => [name, inOrder(one, name)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function withFilters({ filters, ...query }: Record<string, string>): Record<string, unknown> {
  return filters === undefined ? query : { ...query, filters: JSON.parse(filters) };
}
