import type { Duplex } from "../lib/http/duplex.ts";
import { exchange, type HttpResponse } from "../lib/http/exchange.ts";
import { decodeJson } from "../lib/parse-json.ts";
import { type Dialer, dialer } from "./dial/dial.ts";
import type { Endpoint } from "./endpoint.ts";
import { ApiError, type Asked, brokenExchange, connectionError } from "./errors.ts";
import { type QueryValue, queryString } from "./query.ts";

/** The newest Engine API that this client speaks. */
export const newestApi = "1.56";

/** What a request carries besides its method and path. In `query`, what is null or undefined is left out. */
export interface RequestOptions {
  query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, in chunks; `json` must then be absent. */
  body?: AsyncIterable<Uint8Array>;
  headers?: Record<string, string>;
  /** Ends the exchange by closing its connection. */
  signal?: AbortSignal;
}

/** An answer whose body is still to be read; abandoning it midway closes its connection. */
export interface Answer {
  status: number;
  headers: Map<string, string>;
  body: AsyncIterable<Uint8Array>;
}

/** What the engine says of itself in the headers of `/_ping`. */
export interface Ping {
  apiVersion: string;
  osType: string;
  experimental: boolean;
  /** Names and versions of the program: `Docker/29.8.0 Berth/1.0 (linux)`. */
  server: string;
  swarm?: string;
}

/** Which engine a client talks to, and how. */
export interface ClientOptions {
  endpoint: Endpoint;
  /** Headers on every request (`HttpHeaders` of config.json). */
  headers?: Record<string, string>;
  /** Fixes the API version (`DOCKER_API_VERSION`); otherwise it is negotiated at the first request. */
  apiVersion?: string;
}

/**
 * A client of one engine. Requests in sequence share a connection; parallel ones open further ones. The functions
 * in the files beside this one speak the single calls. Errors: {@link ApiError}, ConnectionError.
 */
export class Client {
  readonly host: string;
  readonly #dialer: Dialer;
  readonly #headers: Record<string, string>;
  readonly #fixed: string | undefined;
  #version: Promise<string> | undefined;
  #idle: Duplex[] = [];

  constructor({ endpoint, headers, apiVersion }: ClientOptions) {
    this.host = endpoint.host;
    this.#dialer = dialer(endpoint);
    this.#headers = { "User-Agent": "Berth-Client", ...headers, Host: this.#dialer.hostHeader };
    this.#fixed = apiVersion;
  }

  /** The API version spoken with this engine: the lower of its newest and ours. */
  version(): Promise<string> {
    return (this.#version ??= this.#fixed
      ? Promise.resolve(this.#fixed)
      : this.ping().then(({ apiVersion }) => lower(apiVersion, newestApi)));
  }

  /** Whether the engine understands what Berth's own API has beside Docker's. */
  async isBerth(): Promise<boolean> {
    return (await this.ping()).server.includes(" Berth/");
  }

  async ping(): Promise<Ping> {
    const { headers, status, body } = await this.#exchange("HEAD", "/_ping", {});
    for await (const _ of body) {
      /* none */
    }
    if (status >= 500) throw new ApiError(status, "the engine does not answer its ping");
    const swarm = headers.get("swarm");
    return {
      // Engines older than 1.25 name no version: the oldest we speak.
      apiVersion: headers.get("api-version") ?? "1.24",
      osType: headers.get("ostype") ?? "",
      experimental: headers.get("docker-experimental") === "true",
      server: headers.get("server") ?? "",
      ...(swarm && { swarm }),
    };
  }

  /** A request whose answer's body is a stream. Throws {@link ApiError} on a status of 400 and above. */
  async stream(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const answer = await this.#exchange(method, `/v${await this.version()}${path}`, options);
    if (answer.status >= 400) throw await apiError(answer, method);
    return answer;
  }

  /** A request that answers JSON. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const text = await this.text(method, path, options);
    return decodeJson<T>(text, text === "" ? "EOF" : "unexpected EOF");
  }

  /** A request whose answer is text, or whose answer does not matter. */
  async text(method: string, path: string, options: RequestOptions = {}): Promise<string> {
    const { body } = await this.stream(method, path, options);
    return text(body);
  }

  /**
   * A request that turns its connection into a raw two-way stream (attach, exec start). The bytes after the head
   * belong to the stream.
   */
  async hijack(path: string, options: RequestOptions = {}): Promise<Hijacked> {
    const version = await this.version();
    const headers = {
      ...this.#headers,
      ...options.headers,
      Connection: "Upgrade",
      Upgrade: "tcp",
      ...(options.json !== undefined && { "Content-Type": "application/json" }),
    };
    const request = {
      method: "POST",
      path: `${this.#dialer.basePath}/v${version}${path}${queryString(options.query)}`,
      headers,
      ...(options.json !== undefined && { body: JSON.stringify(options.json) }),
    };
    const connection = await this.#connect(request);
    options.signal?.addEventListener("abort", () => connection.close());
    const response = await exchange(connection, request).catch((error: unknown) => {
      connection.close();
      throw brokenExchange(this.#dialer.origin, request, error);
    });
    if (response.status !== 101 && response.status !== 200) {
      const error = await apiError(response, "POST");
      connection.close();
      throw error;
    }
    return {
      mediaType: response.headers.get("content-type") ?? "",
      frames: response.body,
      write: (data) => connection.write(data),
      end: () => connection.end(),
      close: () => connection.close(),
    };
  }

  /** A bare connection to the engine (`system dial-stdio`). */
  dial(): Promise<Duplex> {
    return this.#connect();
  }

  /** Closes the idle connections. */
  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  async #connect(asked?: Asked): Promise<Duplex> {
    try {
      return await this.#dialer.dial();
    } catch (error) {
      throw connectionError(this.host, error, this.#dialer.origin, asked);
    }
  }

  async #exchange(method: string, path: string, options: RequestOptions): Promise<Answer> {
    const { signal, json, body } = options;
    signal?.throwIfAborted();
    const headers = {
      ...this.#headers,
      ...options.headers,
      ...(json !== undefined && { "Content-Type": "application/json" }),
    };
    const content = json !== undefined ? JSON.stringify(json) : body;
    const request = {
      method,
      path: `${this.#dialer.basePath}${path}${queryString(options.query)}`,
      headers,
      ...(content !== undefined && { body: content }),
    };
    const kept = this.#idle.pop();
    const connection = kept ?? (await this.#connect(request));
    const abort = () => connection.close();
    signal?.addEventListener("abort", abort);
    try {
      const response = await exchange(connection, request);
      return {
        status: response.status,
        headers: response.headers,
        body: this.#guarded(response, connection, signal, abort),
      };
    } catch (error) {
      signal?.removeEventListener("abort", abort);
      connection.close();
      signal?.throwIfAborted();
      // An idle connection that the engine closed meanwhile: once more on a fresh one.
      if (kept && body === undefined) return this.#exchange(method, path, options);
      throw brokenExchange(this.#dialer.origin, request, error);
    }
  }

  /** The body; when it ends the connection is kept for the next request, when it is abandoned it is closed. */
  async *#guarded(
    response: HttpResponse,
    connection: Duplex,
    signal: AbortSignal | undefined,
    abort: () => void,
  ): AsyncGenerator<Uint8Array> {
    try {
      yield* response.body;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      if (response.reusable() && !signal?.aborted) this.#idle.push(connection);
      else connection.close();
    }
  }
}

/** A raw two-way stream after a hijack. */
export interface Hijacked {
  /** `application/vnd.docker.multiplexed-stream` or `…raw-stream`. */
  mediaType: string;
  frames: AsyncIterable<Uint8Array>;
  write(data: Uint8Array): Promise<void>;
  /** Ends our half: the process sees the end of its input. */
  end(): void;
  close(): void;
}

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let out = "";
  for await (const chunk of body) out += decoder.decode(chunk, { stream: true });
  return out + decoder.decode();
}

async function apiError({ status, headers, body }: Answer | HttpResponse, method: string): Promise<ApiError> {
  const said = method === "HEAD" ? "" : (await text(body)).trim();
  if (said === "") return new ApiError(status, `request returned ${status}`);
  if (!headers.get("content-type")?.startsWith("application/json")) return new ApiError(status, said);
  try {
    const value: unknown = JSON.parse(said);
    if (typeof value === "object" && value !== null && "message" in value && typeof value.message === "string")
      return new ApiError(status, value.message);
  } catch {
    // Not what its type says: show it as it is.
  }
  return new ApiError(status, said);
}

/** Negative, zero or positive as version a is below, equal to or above b (`1.9` < `1.24`). */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  return (left[0] ?? 0) - (right[0] ?? 0) || (left[1] ?? 0) - (right[1] ?? 0);
}

function lower(a: string, b: string): string {
  return compareVersions(a, b) < 0 ? a : b;
}
