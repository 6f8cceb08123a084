import type { RequestHead } from "../http/head.ts";

/** What plugins are never shown: credentials; and what Go's server does not count among headers. */
const hidden = new Set([
  "authorization",
  "x-registry-auth",
  "x-registry-config",
  "host",
  "transfer-encoding",
  "trailer",
]);

/** A request's headers as plugins get them: names as Go writes them, of repeated ones the last. */
export function headersOf({ headers, last }: RequestHead): Record<string, string> {
  const shown = [...headers].filter(([name]) => !hidden.has(name));
  return canonical(Object.fromEntries(shown.map(([name, value]) => [name, last.get(name) ?? value])));
}

/** By name in Go's spelling (`X-Registry-Auth`), ordered by it. */
export function canonical(headers: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(headers).map(([name, value]): [string, string] => [
    name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
}
