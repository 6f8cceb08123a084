import { gunzipSync } from "node:zlib";
import { EngineError, hasCode } from "../lib/errors.ts";
import { escapeHtml } from "../lib/escape-html.ts";
import type { Duplex } from "../lib/http/duplex.ts";
import { exchange, type HttpRequest, type HttpResponse } from "../lib/http/exchange.ts";
import { BrokenAnswer } from "../lib/http/reader.ts";
import { dialSocket } from "../lib/http/socket.ts";
import type { Logger } from "../lib/log.ts";
import { networkWords } from "../lib/network-words.ts";
import { decodeJson } from "../lib/parse-json.ts";
import { complaintOf } from "./answer.ts";
import type { PluginEndpoint } from "./endpoint.ts";
import { retryPauses } from "./retry.ts";

/** How long a call may take. */
export interface CallOptions {
  /** Milliseconds until the answer must be there, all attempts together counted; absent: no limit. */
  limit?: number;
  /** Where the plugin cannot be reached: once is enough. */
  once?: boolean;
}

const accept = "application/vnd.docker.plugins.v1.2+json";
/** Bytes of an answer that are read: more is no answer to anything that is asked. */
const longestAnswer = 32 << 20;
/** Milliseconds for a connection to be made. */
const dialLimit = 32_000;
/** Connections that wait for the next call. */
const mostIdle = 4;

/**
 * Speaks with one plugin: HTTP over connections that are kept, JSON in both directions. A plugin that cannot be reached
 * is tried again after 1, 2, 4 and 8 seconds; what it answers, no matter what, is never asked for twice.
 */
export class PluginClient {
  readonly #idle: Duplex[] = [];

  constructor(
    readonly endpoint: PluginEndpoint,
    readonly log: Logger,
  ) {}

  /** Asks, and returns the answer's JSON. Throws an Error with Docker's words. */
  async call(method: string, body: unknown, options: CallOptions = {}): Promise<unknown> {
    return await this.#limited(method, options, async (signal) => {
      const text = await this.#retried(method, options, signal, async () => {
        const { response, connection } = await this.#answer(method, body, signal);
        return await this.#text(response, connection, method);
      });
      try {
        return decodeJson(text, text.trim() === "" ? "EOF" : "unexpected EOF");
      } catch (error) {
        this.log.error(`${method}: error reading plugin resp`, { error: String(error) });
        throw error;
      }
    });
  }

  /** As {@link call}, for bytes. They end with the answer or with the signal. */
  async stream(method: string, body: unknown, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { response, connection } = await this.#retried(method, {}, signal, () => this.#answer(method, body, signal));
    if (response.status !== 200) throw new Error(await this.#text(response, connection, method));
    return guarded(response, connection);
  }

  /** Closes the connections that nobody uses. */
  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** Calls it off when the time is over: the connection is closed, whatever the plugin does. */
  async #limited<T>(method: string, { limit }: CallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const timer = limit === undefined ? undefined : setTimeout(() => over.abort(), limit);
    try {
      return await work(over.signal);
    } catch (error) {
      if (over.signal.aborted) throw this.#noAnswer(method, "context deadline exceeded", error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #retried<T>(
    method: string,
    { once = false }: CallOptions,
    signal: AbortSignal,
    attempt: () => Promise<T>,
  ): Promise<T> {
    const pauses = retryPauses(signal);
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        if (once || !(await pauses.next((seconds) => this.#tellRetry(method, error, seconds)))) throw error;
      }
    }
  }

  #tellRetry(method: string, error: Error, seconds: number): void {
    const { host } = this.endpoint;
    this.log.warn(`Unable to connect to plugin: ${host}/${method}: ${error.message}, retrying in ${seconds}s`);
  }

  /** One attempt, until the head of the answer. The signal closes the connection, no matter how far it has come. */
  async #answer(method: string, body: unknown, signal: AbortSignal): Promise<Answered> {
    for (;;) {
      const kept = this.#idle.pop();
      const connection = kept ?? (await this.#dial(method, signal));
      signal.addEventListener("abort", () => connection.close(), { once: true });
      try {
        return { connection, response: await exchange(connection, this.#request(method, body)) };
      } catch (error) {
        connection.close();
        // It may have ended since its last answer: that says nothing about the plugin.
        if (kept && !signal.aborted) continue;
        throw this.#noAnswer(method, error instanceof BrokenAnswer ? error.message : networkWords(error), error);
      }
    }
  }

  async #dial(method: string, signal: AbortSignal): Promise<Duplex> {
    const { address, origin } = this.endpoint;
    const dialing = dialSocket(address);
    const over = AbortSignal.any([signal, AbortSignal.timeout(dialLimit)]);
    const { promise: late, reject } = Promise.withResolvers<never>();
    const giveUp = () => reject(Object.assign(new Error("i/o timeout"), { code: "ETIMEDOUT" }));
    over.addEventListener("abort", giveUp, { once: true });
    try {
      if (over.aborted) giveUp();
      return await Promise.race([dialing, late]);
    } catch (error) {
      // It may come through after all.
      dialing.then((connection) => connection.close()).catch(() => {});
      const words =
        "unix" in address
          ? `dial unix ${address.unix}: connect: ${unixWords(error)}`
          : networkWords(error, { url: origin });
      throw this.#noAnswer(method, words, error);
    } finally {
      over.removeEventListener("abort", giveUp);
    }
  }

  #request(method: string, body: unknown): HttpRequest {
    const { address, host } = this.endpoint;
    const text = body === undefined ? "" : `${escapeHtml(JSON.stringify(body))}\n`;
    return {
      method: "POST",
      path: `/${method}`,
      headers: {
        Host: host,
        "User-Agent": "Go-http-client/1.1",
        "Content-Length": String(Buffer.byteLength(text)),
        Accept: accept,
        ...(!("unix" in address) && { "Accept-Encoding": "gzip" }),
      },
      body: text,
    };
  }

  /** The whole answer; one of another status than 200 as an error. The connection is kept. */
  async #text(response: HttpResponse, connection: Duplex, method: string): Promise<string> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of response.body) {
        size += chunk.length;
        if (size > longestAnswer) throw new Error(`${method}: the answer is longer than ${longestAnswer} bytes`);
        chunks.push(chunk);
      }
    } catch (error) {
      connection.close();
      throw error instanceof BrokenAnswer ? new Error("unexpected EOF", { cause: error }) : error;
    }
    if (response.reusable() && this.#idle.length < mostIdle) this.#idle.push(connection);
    else connection.close();
    const bytes = Buffer.concat(chunks);
    const plain =
      response.headers.get("content-encoding") === "gzip"
        ? gunzipSync(bytes, { maxOutputLength: longestAnswer })
        : bytes;
    const text = plain.toString("utf8");
    if (response.status !== 200) throw new Error(`${method}: ${complaintOf(text) || text.trimEnd()}`);
    return text;
  }

  #noAnswer(method: string, words: string, cause: unknown): NoAnswer {
    return new NoAnswer("internal", `Post "${this.endpoint.origin}/${method}": ${words}`, { cause });
  }
}

/** The plugin could not be reached, or did not answer in time: what it thinks of the matter is not known. */
export class NoAnswer extends EngineError {}

interface Answered {
  response: HttpResponse;
  connection: Duplex;
}

async function* guarded(response: HttpResponse, connection: Duplex): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body;
  } finally {
    connection.close();
  }
}

function unixWords(error: unknown): string {
  if (hasCode(error, "ENOENT")) return "no such file or directory";
  if (hasCode(error, "EACCES")) return "permission denied";
  return "connection refused";
}
