import { invalid } from "../../../lib/errors.ts";
import type { SentLine } from "../send/sent-line.ts";

const facilities = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "authpriv",
  "ftp",
  "",
  "",
  "",
  "",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
];
const DAEMON = 3;
const INFO = 6;
const ERROR = 3;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A facility by name or number; empty: `daemon`. Throws `invalid`. */
export function parseFacility(text: string): number {
  if (text === "") return DAEMON;
  const named = facilities.indexOf(text);
  if (named >= 0) return named;
  const number = /^\d+$/.test(text) ? Number(text) : -1;
  if (number >= 0 && number < facilities.length) return number;
  throw invalid("invalid syslog facility");
}

/** What all messages of a container have. */
export interface SyslogParts {
  tag: string;
  hostname: string;
  facility: number;
  /** The connection tells messages of RFC 5424 apart by their length in front (RFC 5425). */
  counted: boolean;
}

/** Encodes lines as a format of the option `syslog-format` says. Throws `invalid` for one that there is not. */
export function syslogFormat(format: string, parts: SyslogParts): (line: SentLine) => Buffer {
  const head = headOf(format, parts);
  const counted = parts.counted && format.startsWith("rfc5424");
  return ({ stream, time, text }) => {
    const priority = `<${(parts.facility << 3) | (stream === 1 ? INFO : ERROR)}>`;
    const message = Buffer.concat([Buffer.from(`${priority}${head(time)}`), text, Buffer.from("\n")]);
    return counted ? Buffer.concat([Buffer.from(`${message.length} `), message]) : message;
  };
}

function headOf(format: string, { tag, hostname }: SyslogParts): (time: string) => string {
  const { pid } = process;
  switch (format) {
    case "":
      return (time) => `${stamp(time)} ${tag}[${pid}]: `;
    case "rfc3164":
      return (time) => `${stamp(time)} ${hostname} ${tag}[${pid}]: `;
    case "rfc5424":
      return (time) => `1 ${localTime(time, "")} ${hostname} ${tag} ${pid} ${tag} - `;
    case "rfc5424micro":
      return (time) => `1 ${localTime(time, `.${time.slice(20, 26)}`)} ${hostname} ${tag} ${pid} ${tag} - `;
    default:
      throw invalid("Invalid syslog format");
  }
}

const two = (number: number) => String(number).padStart(2, "0");
const clock = (date: Date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

/** `Nov 30 02:44:53`, in this machine's zone. */
function stamp(time: string): string {
  const date = new Date(time);
  return `${months[date.getMonth()]} ${String(date.getDate()).padStart(2, " ")} ${clock(date)}`;
}

/** RFC 3339 in this machine's zone. */
function localTime(time: string, fraction: string): string {
  const date = new Date(time);
  const offset = -date.getTimezoneOffset();
  const hours = two(Math.floor(Math.abs(offset) / 60));
  const zone = offset === 0 ? "Z" : `${offset < 0 ? "-" : "+"}${hours}:${two(Math.abs(offset) % 60)}`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${clock(date)}${fraction}${zone}`;
}
