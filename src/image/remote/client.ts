import { EngineError, unavailable } from "../../lib/errors.ts";
import { requireHttp } from "../../lib/require-http.ts";
import { Authorizer } from "./authorize.ts";
import type { RegistryCredentials } from "./credentials.ts";
import type { Endpoint } from "./endpoints.ts";
import { type Asked, failure, isBusy, isPassing, unreachable } from "./failure.ts";
import { retryAfterMs } from "./retry-after.ts";

const retries = 5;
/** First wait before a try is repeated, in ms; doubled each time. */
const firstWaitMs = 250;
/** All waits of one call together, in ms. A registry that asks for more patience is told of to the user at once. */
const patienceMs = 30_000;
/** Redirects that are followed. */
const mostHops = 10;

/** One request to a registry; without any it is a plain GET. */
export interface CallOptions {
  method?: string;
  headers?: Record<string, string>;
  /** A function gives a new stream for each time that it is sent. */
  body?: Uint8Array | string | (() => ReadableStream<Uint8Array>);
  /** Statuses that are answers, not failures. 2xx always are. */
  accept?: number[] | "all";
  signal?: AbortSignal | undefined;
  /** Sent once: it is not repeated, and a challenge is not answered. */
  once?: boolean;
  /** What fails is not repeated here: the caller knows what to do. */
  repeat?: false;
}

/**
 * Speaks to one endpoint of a registry (OCI distribution specification): authorizes, follows redirects without
 * giving credentials away, waits and tries again where that can help, and words failures as Docker does.
 */
export class RegistryClient {
  readonly #authorizer: Authorizer;
  /** Somebody has answered here before: from then on a refused connection means that the service is being restarted. */
  #met = false;

  constructor(
    readonly endpoint: Endpoint,
    credentials?: RegistryCredentials,
    private readonly userAgent = "berth",
  ) {
    this.#authorizer = new Authorizer(endpoint, credentials ?? endpoint.auth);
  }

  get identityToken(): string | undefined {
    return this.#authorizer.identityToken;
  }

  /** What a repository is called here. */
  repository(path: string): string {
    return this.endpoint.prefix + path;
  }

  /** Sends a request to `path` (below the endpoint) within a token scope such as `repository:a/b:pull`. */
  async call(path: string, scope: string, options: CallOptions = {}): Promise<Response> {
    const url = /^https?:\/\//.test(path) ? path : this.endpoint.url + path;
    const authorizer = this.#authorizer;
    const asked: Asked = {
      endpoint: this.endpoint,
      method: options.method ?? "GET",
      url,
      // It may be asked for them on the way.
      get credentials() {
        return authorizer.hasCredentials;
      },
    };
    let patience = patienceMs;
    for (let attempt = 0; ; attempt++) {
      const came = await this.#authorized(asked, scope, options).catch((error: unknown) => ({ error }));
      if (came instanceof Response && (came.ok || options.accept === "all" || options.accept?.includes(came.status)))
        return came;
      const passing = came instanceof Response ? isBusy(came) : isPassing(came.error, this.#met);
      const told = came instanceof Response ? came : came.error instanceof EngineError ? came.error.cause : undefined;
      const pauseMs = retryAfterMs(told) ?? firstWaitMs * 2 ** attempt;
      const last =
        attempt >= retries || options.once === true || options.repeat === false || options.signal?.aborted === true;
      if (last || !passing || pauseMs > patience)
        throw came instanceof Response ? await failure(came, asked) : unreachable(came.error, asked);
      if (came instanceof Response) await came.body?.cancel();
      patience -= pauseMs;
      await wait(pauseMs, options.signal);
    }
  }

  /** Asks whether anybody speaks the protocol here at all, once. Throws `unavailable` where nobody does. */
  async ping(signal?: AbortSignal): Promise<void> {
    const response = await this.call("/v2/", "", { accept: [401, 403, 404], once: true, signal });
    await response.body?.cancel();
  }

  async #authorized(asked: Asked, scope: string, options: CallOptions): Promise<Response> {
    for (let tries = 0; ; tries++) {
      const authorization = this.#authorizer.header(scope);
      const response = await this.#follow(
        asked.url,
        { ...options.headers, "user-agent": this.userAgent, ...(authorization && { authorization }) },
        options,
      );
      if (response.status !== 401 || tries >= 2 || options.once === true) return response;
      if (!(await this.#authorizer.answer(response, scope, authorization, asked))) return response;
      await response.body?.cancel();
    }
  }

  /** Redirects lead to storage elsewhere, which must not see our credentials. */
  async #follow(start: string, headers: Record<string, string>, options: CallOptions): Promise<Response> {
    let url = start;
    for (let hops = 0; hops < mostHops; hops++) {
      requireHttp(url);
      const own = new URL(url).host === new URL(this.endpoint.url).host;
      const { authorization, ...others } = headers;
      const body = typeof options.body === "function" ? options.body() : options.body;
      const response = await fetch(url, {
        method: options.method ?? "GET",
        headers: own && authorization ? headers : others,
        redirect: "manual",
        decompress: false,
        ...(body !== undefined && { body }),
        ...(options.signal && { signal: options.signal }),
        ...(this.endpoint.tls && { tls: this.endpoint.tls }),
        ...(this.endpoint.proxy && { proxy: this.endpoint.proxy }),
      });
      this.#met = true;
      const location = response.headers.get("location");
      if (![301, 302, 303, 307, 308].includes(response.status) || !location) return response;
      await response.body?.cancel();
      if (!URL.canParse(location, url))
        throw unavailable(`Get "${url}": failed to parse Location header ${JSON.stringify(location)}: invalid URL`);
      url = new URL(location, url).href;
    }
    throw unavailable(`Get "${start}": stopped after ${mostHops} redirects`);
  }
}

/** Waits, and ends early with the signal's reason when it is aborted. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(done, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    function done() {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}
