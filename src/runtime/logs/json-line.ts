import { quoteJson as quote } from "../../lib/quote-json.ts";
import type { LogEntry } from "./entry.ts";

/**
 * A line of Docker's json-file driver: `{"log":"text\n","stream":"stdout","attrs":{…},"time":"…"}`, with its newline.
 * No newline in `log`: the line goes on in the next of its stream. `attributes` as of {@link encodeAttributes}.
 */
export function encodeJsonLine({ stream, time, data }: Omit<LogEntry, "partial">, attributes: string): string {
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString("utf8");
  const shortTime = time.replace(/\.?0+Z$/, "Z");
  return (
    `{"log":${quote(text)},"stream":"${stream === 1 ? "stdout" : "stderr"}",` +
    `${attributes && `"attrs":${attributes},`}"time":"${shortTime}"}\n`
  );
}

/** Attributes of every line of a container, sorted by name; empty where there are none. */
export function encodeAttributes(attributes: Readonly<Record<string, string>>): string {
  const names = Object.keys(attributes).sort();
  return names.length === 0
    ? ""
    : `{${names.map((name) => `${quote(name)}:${quote(attributes[name] ?? "")}`).join(",")}}`;
}
