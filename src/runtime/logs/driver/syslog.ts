import { statSync } from "node:fs";
import { errorMessage, invalid } from "../../../lib/errors.ts";
import { parseAddress } from "../send/address.ts";
import { type Datagrams, dialUdp, dialUnixgram } from "../send/datagrams.ts";
import type { LogInfo, Receiver } from "../send/receiver.ts";
import type { SentLine } from "../send/sent-line.ts";
import { type StreamAddress, StreamConnection } from "../send/stream.ts";
import { readTlsFiles } from "../send/tls-files.ts";
import { attributeOptions, type LogOptions, sendingDriver } from "./driver.ts";
import { parseFacility, syslogFormat } from "./syslog-message.ts";

const DEFAULT_PORT = 514;
/** Where the machine's own syslog listens. */
const machine = ["/dev/log", "/var/run/syslog", "/var/run/log"];

/** Lines as messages of syslog (RFC 3164, RFC 5424), to this machine's or another's. */
export const syslog = sendingDriver({
  name: "syslog",
  options: [
    ...attributeOptions,
    "syslog-address",
    "syslog-facility",
    "syslog-tls-ca-cert",
    "syslog-tls-cert",
    "syslog-tls-key",
    "syslog-tls-skip-verify",
    "syslog-format",
  ],
  sends: { check, open },
});

function check(options: LogOptions): void {
  addressOf(options);
  parseFacility(options["syslog-facility"] ?? "");
  syslogFormat(options["syslog-format"] ?? "", { tag: "", hostname: "", facility: 0, counted: false });
}

/** Null: this machine's own. Throws `invalid`. */
function addressOf(options: LogOptions): { scheme: string; host: string; port: number; path: string } | null {
  const text = options["syslog-address"];
  if (!text) return null;
  const address = parseAddress(text, DEFAULT_PORT);
  switch (address.scheme) {
    case "unix":
    case "unixgram":
      try {
        statSync(address.path);
      } catch (error) {
        throw invalid(errorMessage(error), error);
      }
      return address;
    case "udp":
    case "tcp":
    case "tcp+tls":
      return address;
    default:
      throw invalid(`unsupported scheme: '${address.scheme}'`);
  }
}

async function open({ options, tag, hostname }: LogInfo, signal: AbortSignal): Promise<Receiver> {
  const address = addressOf(options);
  const encode = syslogFormat(options["syslog-format"] ?? "", {
    tag,
    hostname,
    facility: parseFacility(options["syslog-facility"] ?? ""),
    counted: address?.scheme === "tcp+tls",
  });
  if (address === null) return openMachine(encode, signal);
  const { scheme, host, port, path } = address;
  if (scheme === "udp") return datagramReceiver(await dialUdp({ host, port }, signal), encode);
  if (scheme === "unixgram") return datagramReceiver(dialUnixgram(path, signal), encode);
  const files = readTlsFiles({
    ca: options["syslog-tls-ca-cert"],
    cert: options["syslog-tls-cert"],
    key: options["syslog-tls-key"],
    // Whatever its value, as in Docker.
    insecure: options["syslog-tls-skip-verify"] !== undefined,
  });
  const to: StreamAddress = scheme === "unix" ? { path } : { host, port, ...(scheme === "tcp+tls" && { tls: files }) };
  return streamReceiver(await StreamConnection.dial(to, signal), encode);
}

/** The first that takes messages, or a stream of them. */
async function openMachine(encode: (line: SentLine) => Buffer, signal: AbortSignal): Promise<Receiver> {
  for (const path of machine) {
    try {
      return datagramReceiver(dialUnixgram(path, signal), encode);
    } catch {
      // Not there, or a stream.
    }
    try {
      return streamReceiver(await StreamConnection.dial({ path }, signal), encode);
    } catch {
      // The next may be.
    }
  }
  throw new Error("Unix syslog delivery error");
}

function datagramReceiver(datagrams: Datagrams, encode: (line: SentLine) => Buffer): Receiver {
  return {
    async send(lines) {
      for (const line of withText(lines)) await datagrams.send(encode(line));
    },
    close: () => datagrams.close(),
  };
}

function streamReceiver(connection: StreamConnection, encode: (line: SentLine) => Buffer): Receiver {
  return {
    send: (lines) => connection.write(Buffer.concat(withText(lines).map(encode))),
    close: () => connection.close(),
  };
}

/** As Docker: an empty line is no message. */
const withText = (lines: readonly SentLine[]) => lines.filter(({ text }) => text.length > 0);
