import { randomBytes } from "node:crypto";
import { constants, deflateSync, gzipSync } from "node:zlib";
import { errorMessage, invalid } from "../../../lib/errors.ts";
import { quote } from "../../../lib/go-quote.ts";
import { quoteJson } from "../../../lib/quote-json.ts";
import { parseAddress } from "../send/address.ts";
import { dialUdp } from "../send/datagrams.ts";
import type { LogInfo, Receiver } from "../send/receiver.ts";
import type { SentLine } from "../send/sent-line.ts";
import { StreamConnection } from "../send/stream.ts";
import { attributeOptions, type LogOptions, sendingDriver } from "./driver.ts";

const INFO = 6;
const ERROR = 3;
/** Larger messages go in chunks, of so many bytes with and without their head. */
const CHUNK = 1420;
const CHUNK_DATA = 1408;
const MOST_CHUNKS = 128;

const unknownValue = (name: string, value: string) =>
  invalid(`unknown value ${quote(value)} for log opt ${quote(name)} for gelf log driver`);

/** Lines in the Graylog Extended Log Format. */
export const gelf = sendingDriver({
  name: "gelf",
  options: [
    ...attributeOptions,
    "gelf-address",
    "gelf-compression-type",
    "gelf-compression-level",
    "gelf-tcp-max-reconnect",
    "gelf-tcp-reconnect-delay",
  ],
  unknownOption: (option) => `unknown log opt ${quote(option)} for gelf log driver`,
  sends: {
    check,
    open,
    retryAfter: ({ "gelf-tcp-reconnect-delay": seconds }) =>
      seconds === undefined ? undefined : Number(seconds) * 1000,
  },
});

function check(options: LogOptions): void {
  const { scheme } = addressOf(options);
  const { "gelf-compression-type": type, "gelf-compression-level": level } = options;
  if ((type ?? level) !== undefined && scheme !== "udp") throw invalid("compression is only supported on UDP");
  if (type !== undefined && !["gzip", "zlib", "none"].includes(type)) throw unknownValue("gelf-compression-type", type);
  if (level !== undefined && !/^(-1|\+?0*[0-9])$/.test(level)) throw unknownValue("gelf-compression-level", level);
  for (const name of ["gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay"]) {
    const value = options[name];
    if (value === undefined) continue;
    if (scheme !== "tcp") throw invalid(`${quote(name)} is only valid for TCP`);
    if (!/^\+?\d+$/.test(value)) throw invalid(`${quote(name)} must be a positive integer`);
  }
}

function addressOf(options: LogOptions): { scheme: string; host: string; port: number } {
  const text = options["gelf-address"];
  if (!text) throw invalid("gelf-address is a required parameter");
  if (!/^(tcp|tcp\+tls|udp|unix|unixgram):\/\//.test(text))
    throw invalid(`gelf-address should be in form proto://address, got ${text}`);
  const address = parseAddress(text, 0);
  if (address.scheme !== "udp" && address.scheme !== "tcp") throw invalid("gelf: endpoint needs to be TCP or UDP");
  if (address.port === 0) throw invalid("gelf: please provide gelf-address as proto://host:port");
  return address;
}

async function open(info: LogInfo, signal: AbortSignal): Promise<Receiver> {
  const { scheme, host, port } = addressOf(info.options);
  const encode = encoder(info);
  try {
    if (scheme === "tcp") {
      const connection = await StreamConnection.dial({ host, port }, signal);
      const end = Buffer.of(0);
      return {
        send: (lines) => connection.write(Buffer.concat(withText(lines).flatMap((line) => [encode(line), end]))),
        close: () => connection.close(),
      };
    }
    const socket = await dialUdp({ host, port }, signal);
    const pack = packer(info.options);
    return {
      async send(lines) {
        for (const line of withText(lines))
          for (const packet of chunksOf(pack(encode(line)))) await socket.send(packet);
      },
      close: () => socket.close(),
    };
  } catch (error) {
    throw new Error(`gelf: cannot connect to GELF endpoint: ${host}:${port} ${errorMessage(error)}`, { cause: error });
  }
}

/** As Docker: an empty line is no message. */
const withText = (lines: readonly SentLine[]) => lines.filter(({ text }) => text.length > 0);

function encoder(info: LogInfo): (line: SentLine) => Buffer {
  const extra: Record<string, string> = {
    _command: info.command.join(" "),
    _container_id: info.containerId,
    _container_name: info.containerName,
    _created: info.created,
    _image_id: info.imageId,
    _image_name: info.imageName,
    _tag: info.tag,
  };
  for (const [name, value] of Object.entries(info.attributes)) extra[`_${name}`] = value;
  const rest = Object.keys(extra)
    .sort()
    .map((name) => `,${quoteJson(name)}:${quoteJson(extra[name] ?? "")}`)
    .join("");
  const head = `{"version":"1.1","host":${quoteJson(info.hostname)},"short_message":`;
  return ({ stream, time, text }) =>
    Buffer.from(
      `${head}${quoteJson(text.toString())},"timestamp":${Date.parse(time) / 1000},` +
        `"level":${stream === 1 ? INFO : ERROR}${rest}}`,
    );
}

function packer(options: LogOptions): (message: Buffer) => Buffer {
  const level = Number(options["gelf-compression-level"] ?? constants.Z_BEST_SPEED);
  switch (options["gelf-compression-type"] ?? "gzip") {
    case "gzip":
      return (message) => gzipSync(message, { level });
    case "zlib":
      return (message) => deflateSync(message, { level });
    default:
      return (message) => message;
  }
}

/** The packets of a message. One that is too large for the format has none: nobody could read it. */
function chunksOf(message: Buffer): Buffer[] {
  if (message.length <= CHUNK) return [message];
  const count = Math.ceil(message.length / CHUNK_DATA);
  if (count > MOST_CHUNKS) return [];
  const id = randomBytes(8);
  return Array.from({ length: count }, (_, at) =>
    Buffer.concat([
      Buffer.of(0x1e, 0x0f),
      id,
      Buffer.of(at, count),
      message.subarray(at * CHUNK_DATA, (at + 1) * CHUNK_DATA),
    ]),
  );
}
