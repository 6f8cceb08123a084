/**
 * Rows through a format, without the template engine where the format only names fields: that is what is printed
 * most, and loading the engine costs more than all the rest of a list command.
 */

import type { Row } from "../../lib/template/value.ts";
import { alignTabs } from "./tabs.ts";

/** As formatRows of rows.ts: an aligned table with its header, or the rows one after the other. */
export async function printRows(
  format: string,
  titles: Readonly<Record<string, string>>,
  rows: readonly Row[],
): Promise<string> {
  return plainRows(format, titles, rows) ?? (await import("./rows.ts")).formatRows(format, titles, rows);
}

/** null where the format needs the engine, be it only for the words of an error. */
export function plainRows(
  format: string,
  titles: Readonly<Record<string, string>>,
  rows: readonly Row[],
): string | null {
  const isTable = format.startsWith("table");
  const text = (isTable ? format.slice(5) : format)
    .replace(/^ +| +$/g, "")
    .replaceAll("\\t", "\t")
    .replaceAll("\\n", "\n");
  // Texts and field names in turn.
  const parts = text.split(/\{\{\s*\.(\w+)\s*\}\}/);
  if (text === "json" || parts.some((part, i) => i % 2 === 0 && part.includes("{{"))) return null;
  let body = "";
  for (const { methods } of rows) {
    for (const [i, part] of parts.entries()) {
      if (i % 2 === 0) {
        body += part;
        continue;
      }
      const method = Object.hasOwn(methods, part) ? methods[part] : undefined;
      const value = method?.length === 0 ? method() : undefined;
      if (typeof value !== "string" && typeof value !== "boolean") return null;
      body += String(value);
    }
    body += "\n";
  }
  if (!isTable) return body;
  const header = parts.map((part, i) => (i % 2 === 0 ? part : (titles[part] ?? "<no value>"))).join("");
  return alignTabs(`${header}\n${body}`);
}
