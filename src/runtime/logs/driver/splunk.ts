import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { checkServerIdentity } from "node:tls";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { errorMessage, invalid } from "../../../lib/errors.ts";
import { goBoolean } from "../../../lib/go-boolean.ts";
import { quote } from "../../../lib/go-quote.ts";
import { networkWords } from "../../../lib/network-words.ts";
import { LinesRefused, type LogInfo, type Receiver } from "../send/receiver.ts";
import type { SentLine } from "../send/sent-line.ts";
import { attributeOptions, type LogOptions, sendingDriver } from "./driver.ts";
import { splunkEvents } from "./splunk-event.ts";

const PATH = "/services/collector/event/1.0";
/** As Docker: so many messages in a request, and so many milliseconds between two where few come. */
const MOST = 1000;
const INTERVAL = 5_000;
/** Milliseconds for an answer. */
const PATIENCE = 30_000;
const packed = promisify(gzip);

/** Lines as events of Splunk's HTTP Event Collector. */
export const splunk = sendingDriver({
  name: "splunk",
  options: [
    ...attributeOptions,
    "splunk-url",
    "splunk-token",
    "splunk-source",
    "splunk-sourcetype",
    "splunk-index",
    "splunk-capath",
    "splunk-caname",
    "splunk-insecureskipverify",
    "splunk-format",
    "splunk-verify-connection",
    "splunk-gzip",
    "splunk-gzip-level",
    "splunk-index-acknowledgment",
  ],
  // Values are looked at when a container starts, as in Docker.
  sends: { check() {}, open },
});

async function open(info: LogInfo, signal: AbortSignal): Promise<Receiver> {
  const { options } = info;
  const collector = new Collector(options, signal);
  const encode = splunkEvents(info);
  if (switchOf(options, "splunk-verify-connection", true)) await collector.verify();
  return {
    interval: INTERVAL,
    async send(lines) {
      for (let at = 0; at < lines.length; at += MOST) {
        const events = lines.slice(at, at + MOST).map((line: SentLine) => encode(line));
        await collector.post(events.join(""));
      }
    },
    close: async () => {},
  };
}

/** The options' requests. The constructor throws `invalid` where the options make no sense. */
class Collector {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #tls: BunFetchRequestInit["tls"];
  readonly #level: number | null;

  constructor(
    options: LogOptions,
    private readonly signal: AbortSignal,
  ) {
    this.#url = `${originOf(options)}${PATH}`;
    const token = options["splunk-token"];
    if (!token) throw invalid("splunk: splunk-token is expected");
    this.#tls = tlsOf(options);
    this.#level = gzipLevel(options);
    this.#headers = {
      Authorization: `Splunk ${token}`,
      ...(this.#level !== null && { "Content-Encoding": "gzip" }),
      ...(switchOf(options, "splunk-index-acknowledgment", false) && { "X-Splunk-Request-Channel": randomUUID() }),
    };
  }

  async verify(): Promise<void> {
    const { status, statusText, body } = await this.#exchange("OPTIONS", {});
    if (status !== 200) throw new Error(`splunk: failed to verify connection - ${status} ${statusText} - ${body}`);
  }

  async post(events: string): Promise<void> {
    if (events === "") return;
    const body = this.#level === null ? events : await packed(events, { level: this.#level });
    const answer = await this.#exchange("POST", this.#headers, body);
    if (answer.status === 200) return;
    const text = `splunk: failed to send event - ${answer.status} ${answer.statusText} - ${answer.body}`;
    // The events themselves are not liked: they would not be the next time.
    throw answer.status === 400 || answer.status === 413 ? new LinesRefused(text) : new Error(text);
  }

  async #exchange(method: string, headers: Record<string, string>, body?: string | Buffer) {
    try {
      const response = await fetch(this.#url, {
        method,
        headers,
        redirect: "manual",
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(PATIENCE)]),
        ...(body !== undefined && { body }),
        ...(this.#tls && { tls: this.#tls }),
      });
      return { status: response.status, statusText: response.statusText, body: (await response.text()).slice(0, 1024) };
    } catch (error) {
      const verb = `${method[0]}${method.slice(1).toLowerCase()}`;
      throw new Error(`${verb} ${quote(this.#url)}: ${networkWords(error, { url: this.#url })}`, { cause: error });
    }
  }
}

function originOf(options: LogOptions): string {
  const text = options["splunk-url"];
  if (text === undefined) throw invalid("splunk: splunk-url is expected");
  const expected = invalid("splunk: expected format scheme://dns_name_or_ip:port for splunk-url");
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw expected;
  const { origin, pathname, search, hash } = new URL(text);
  if (pathname !== "/" || search !== "" || hash !== "") throw expected;
  return origin;
}

function switchOf(options: LogOptions, name: string, fallback: boolean): boolean {
  const text = options[name];
  if (text === undefined) return fallback;
  const value = goBoolean(text);
  if (value === null) throw invalid(`strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
  return value;
}

function tlsOf(options: LogOptions): BunFetchRequestInit["tls"] {
  const { "splunk-capath": authority, "splunk-caname": name } = options;
  return {
    rejectUnauthorized: !switchOf(options, "splunk-insecureskipverify", false),
    ...(authority && { ca: readAuthority(authority) }),
    ...(name && { checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) }),
  };
}

function readAuthority(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw invalid(errorMessage(error), error);
  }
}

/** Null: not compressed. */
function gzipLevel(options: LogOptions): number | null {
  if (!switchOf(options, "splunk-gzip", false)) return null;
  const text = options["splunk-gzip-level"];
  if (text === undefined) return constants.Z_DEFAULT_COMPRESSION;
  if (!/^[+-]?\d+$/.test(text)) throw invalid(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  const level = Number(text);
  if (level < -1 || level > 9)
    throw invalid(`not supported level '${text}' for splunk-gzip-level (supported values between -1 and 9)`);
  return level;
}
