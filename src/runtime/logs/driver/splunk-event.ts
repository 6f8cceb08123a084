import { invalid } from "../../../lib/errors.ts";
import { escapeHtml } from "../../../lib/escape-html.ts";
import { quoteJson } from "../../../lib/quote-json.ts";
import type { LogInfo } from "../send/receiver.ts";
import type { SentLine } from "../send/sent-line.ts";

/** Encodes lines as the option `splunk-format` says; empty for a line that Splunk would not take. Throws `invalid`. */
export function splunkEvents(info: LogInfo): (line: SentLine) => string {
  const { options, hostname } = info;
  const event = eventOf(info);
  const fields = ["source", "sourcetype", "index"].flatMap((name) => {
    const value = options[`splunk-${name}`];
    return value ? [`,${quoteJson(name)}:${quoteJson(value)}`] : [];
  });
  const rest = `"host":${quoteJson(hostname)}${fields.join("")}}`;
  return (line) => {
    const said = event(line);
    return said === null ? "" : `{"event":${said},"time":"${secondsOf(line.time)}",${rest}`;
  };
}

function eventOf(info: LogInfo): (line: SentLine) => string | null {
  const { options, attributes } = info;
  const format = options["splunk-format"] ?? "inline";
  // A tag that is set to nothing is left out.
  const tag = options["tag"] === "" ? "" : info.tag;
  const names = Object.keys(attributes).sort();
  const tail = [
    ...(tag ? [`"tag":${quoteJson(tag)}`] : []),
    ...(names.length > 0
      ? [`"attrs":{${names.map((name) => `${quoteJson(name)}:${quoteJson(attributes[name] ?? "")}`).join(",")}}`]
      : []),
  ];
  const structured = ({ stream }: SentLine, line: string) =>
    `{${[`"line":${line}`, `"source":"${stream === 1 ? "stdout" : "stderr"}"`, ...tail].join(",")}}`;
  switch (format) {
    case "inline":
      return (line) => structured(line, quoteJson(line.text.toString()));
    case "json":
      return (line) => structured(line, valueOf(line.text.toString()));
    case "raw": {
      const head = [tag, ...names.map((name) => `${name}=${attributes[name]}`)].filter((part) => part !== "");
      const prefix = head.map((part) => `${part} `).join("");
      return ({ text }) => (text.toString().trim() === "" ? null : quoteJson(`${prefix}${text}`));
    }
    default:
      throw invalid(`unknown format specified ${format}, supported formats are inline, json and raw`);
  }
}

/** The value that a line is, without spaces between its parts; a text where it is none. */
function valueOf(line: string): string {
  try {
    JSON.parse(line);
  } catch {
    return quoteJson(line);
  }
  return escapeHtml(line.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, text: string | undefined) => text ?? ""));
}

/** Since 1970, with six digits. */
const secondsOf = (time: string) => `${Math.floor(Date.parse(time) / 1000)}.${time.slice(20, 26)}`;
