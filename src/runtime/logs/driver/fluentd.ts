import { randomBytes } from "node:crypto";
import { parseBytes } from "../../../lib/bytes.ts";
import { errorMessage, invalid } from "../../../lib/errors.ts";
import { goBoolean } from "../../../lib/go-boolean.ts";
import { readGoDuration } from "../../../lib/go-duration.ts";
import { quote } from "../../../lib/go-quote.ts";
import { MapReader, type Packable, Packed, pack } from "../../../lib/msgpack.ts";
import { pause } from "../../../lib/pause.ts";
import { parseAddress } from "../send/address.ts";
import { ConnectionLost, type LogInfo, type Receiver } from "../send/receiver.ts";
import type { SentLine } from "../send/sent-line.ts";
import { type StreamAddress, StreamConnection } from "../send/stream.ts";
import { attributeOptions, type LogOptions, sendingDriver } from "./driver.ts";

const DEFAULT_PORT = 24224;
const MS = 1_000_000;
const RETRY_WAIT = 1_000;
const switches = ["fluentd-async", "fluentd-request-ack", "fluentd-sub-second-precision"];

/** Lines as records of Fluentd's forward protocol. */
export const fluentd = sendingDriver({
  name: "fluentd",
  options: [
    ...attributeOptions,
    ...switches,
    "fluentd-address",
    "fluentd-async-reconnect-interval",
    "fluentd-buffer-limit",
    "fluentd-max-retries",
    "fluentd-retry-wait",
    "fluentd-write-timeout",
  ],
  sends: {
    check,
    open,
    mayBeAway: (options) => isOn(options, "fluentd-async"),
    retryAfter(options) {
      const interval = isOn(options, "fluentd-async") ? options["fluentd-async-reconnect-interval"] : undefined;
      const wait = interval ?? options["fluentd-retry-wait"];
      return wait === undefined ? RETRY_WAIT : readGoDuration(wait) / MS;
    },
  },
});

const isOn = (options: LogOptions, name: string) => goBoolean(options[name] ?? "false") === true;

function check(options: LogOptions): void {
  addressOf(options["fluentd-address"] ?? "");
  const syntax = (call: string, value: string) => invalid(`strconv.${call}: parsing ${quote(value)}: invalid syntax`);
  const limit = options["fluentd-buffer-limit"];
  if (limit) told(() => parseBytes(limit));
  const wait = options["fluentd-retry-wait"];
  if (wait) told(() => readGoDuration(wait));
  const retries = options["fluentd-max-retries"];
  if (retries && !/^\d+$/.test(retries)) throw syntax("ParseUint", retries);
  for (const name of switches) {
    const value = options[name];
    if (value && goBoolean(value) === null) throw syntax("ParseBool", value);
  }
  const interval = options["fluentd-async-reconnect-interval"];
  if (interval) checkInterval(interval);
  const writing = options["fluentd-write-timeout"];
  if (writing && duration("fluentd-write-timeout", writing) < 0)
    throw invalid(`invalid value for fluentd-write-timeout: value must be a positive duration: ${quote(writing)}`);
}

function checkInterval(text: string): void {
  const milliseconds = duration("fluentd-async-reconnect-interval", text) / MS;
  if (milliseconds !== 0 && (milliseconds < 100 || milliseconds > 10_000))
    throw invalid(
      `invalid value for fluentd-async-reconnect-interval: value (${quote(text)}) must be between 100ms and 10s`,
    );
}

function duration(name: string, text: string): number {
  try {
    return readGoDuration(text);
  } catch (error) {
    throw invalid(`invalid value for ${name}: value must be a duration: ${errorMessage(error)}`);
  }
}

function told(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    throw invalid(errorMessage(error));
  }
}

function addressOf(text: string): StreamAddress {
  const refuse = (why: string) => invalid(`invalid fluentd-address (${text}): ${why}`);
  const { scheme, host, port, path } = parseAddress(text.includes("://") ? text : `tcp://${text}`, DEFAULT_PORT);
  if (scheme === "unix") {
    if (path.replace(/^\/+/, "") === "") throw refuse("path is empty");
    return { path };
  }
  if (scheme !== "tcp" && scheme !== "tls") throw refuse(`unsupported scheme: '${scheme}'`);
  if (path !== "") throw refuse("should not contain a path element");
  return { host, port, ...(scheme === "tls" && { tls: { insecure: false } }) };
}

async function open(info: LogInfo, signal: AbortSignal): Promise<Receiver> {
  const { options } = info;
  const acks = isOn(options, "fluentd-request-ack") ? new Acknowledgements() : null;
  const address = addressOf(options["fluentd-address"] ?? "");
  const connection = await StreamConnection.dial(address, signal, (data) => acks?.hear(data));
  void connection.closed.then(() => acks?.lose());
  const limit = readGoDuration(options["fluentd-write-timeout"] || "0") / MS;
  const encode = encoder(info);
  return {
    async send(lines) {
      const messages = lines.map((line) => ({ line, ...(acks && { chunk: randomBytes(16).toString("base64") }) }));
      const bytes = Buffer.concat(messages.map(({ line, chunk }) => encode(line, chunk)));
      const acknowledged = acks?.expect(messages.flatMap(({ chunk }) => chunk ?? []));
      await inTime(connection.write(bytes), limit);
      await acknowledged;
    },
    close: () => connection.close(),
  };
}

/** `limit` in milliseconds; 0: none. */
async function inTime(work: Promise<void>, limit: number): Promise<void> {
  if (limit === 0) return work;
  const over = new AbortController();
  const late = pause(limit, over.signal).then((timeout) => {
    if (timeout) throw new ConnectionLost("i/o timeout");
  });
  try {
    await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

function newPromise(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  // Who writes may fail first, and never look.
  made.promise.catch(() => {});
  return made;
}

/** What the other side says that it has. */
class Acknowledgements {
  readonly #reader = new MapReader();
  readonly #missing = new Set<string>();
  #all = newPromise();
  #lost = false;

  /** Resolves when all of them are acknowledged. Throws where the connection ends before. */
  expect(chunks: readonly string[]): Promise<void> {
    this.#all = newPromise();
    for (const chunk of chunks) this.#missing.add(chunk);
    if (this.#lost) this.lose();
    else if (chunks.length === 0) this.#all.resolve();
    return this.#all.promise;
  }

  hear(data: Uint8Array): void {
    try {
      for (const { ack } of this.#reader.push(data)) if (ack !== undefined) this.#missing.delete(ack);
    } catch (error) {
      this.#all.reject(error);
    }
    if (this.#missing.size === 0) this.#all.resolve();
  }

  lose(): void {
    this.#lost = true;
    this.#all.reject(new Error("EOF"));
  }
}

function encoder({ options, tag, containerId, containerName, attributes }: LogInfo) {
  const precise = isOn(options, "fluentd-sub-second-precision");
  return ({ stream, time, text, piece }: SentLine, chunk: string | undefined): Buffer => {
    const record: Record<string, Packable> = {
      container_id: containerId,
      container_name: `/${containerName}`,
      source: stream === 1 ? "stdout" : "stderr",
      log: text,
      ...attributes,
      ...(piece && {
        partial_message: "true",
        partial_id: piece.id,
        partial_ordinal: String(piece.ordinal),
        partial_last: String(piece.last),
      }),
    };
    const option: Packable = chunk === undefined ? {} : { chunk };
    return pack([tag, new Packed(eventTime(time, precise)), record, option]);
  };
}

/** Whole seconds as a number of 32 bits; with nanoseconds the protocol's own type. */
function eventTime(time: string, precise: boolean): Buffer {
  const seconds = Math.floor(Date.parse(time) / 1000);
  const bytes = Buffer.alloc(precise ? 10 : 5);
  if (!precise) {
    bytes[0] = 0xd2;
    bytes.writeInt32BE(seconds, 1);
    return bytes;
  }
  bytes.set([0xd7, 0x00]);
  bytes.writeUInt32BE(seconds, 2);
  bytes.writeUInt32BE(Number(time.slice(20, 29)), 6);
  return bytes;
}
