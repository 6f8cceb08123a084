import type { AuthConfig } from "../../api/types/system.ts";
import { EngineError, unavailable } from "../../lib/errors.ts";
import { Authorizer } from "./authorize.ts";
import type { Endpoint } from "./endpoints.ts";
import { failure, isBusy, isPassing, unreachable, type Asked } from "./failure.ts";

const retries = 5;
/** First wait before a try is repeated, in ms; doubled each time. */
const firstWaitMs = 250;
const longestWaitMs = 20_000;

export interface CallOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: Blob | Uint8Array | string | ReadableStream<Uint8Array>;
  /** Statuses that are answers, not failures. 2xx always are. */
  accept?: number[];
  signal?: AbortSignal | undefined;
  /** A body that cannot be sent twice is not tried again. */
  once?: boolean;
}

/**
 * Speaks to one endpoint of a registry (OCI distribution specification): authorizes, follows redirects without
 * giving credentials away, waits and tries again where that can help, and words failures as Docker does.
 */
export class RegistryClient {
  readonly #authorizer: Authorizer;

  constructor(readonly endpoint: Endpoint, credentials?: AuthConfig, private readonly userAgent = "berth") {
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
    const asked: Asked = { endpoint: this.endpoint, method: options.method ?? "GET", url, credentials: this.#authorizer.hasCredentials };
    for (let attempt = 0; ; attempt++) {
      const last = attempt >= retries || options.once === true;
      let response: Response;
      try {
        response = await this.#authorized(url, scope, options);
      } catch (error) {
        if (options.signal?.aborted || last || !isPassing(error)) throw unreachable(error, asked);
        const busy = error instanceof EngineError && error.cause instanceof Response ? retryAfter(error.cause) : undefined;
        await wait(busy ?? firstWaitMs * 2 ** attempt, options.signal);
        continue;
      }
      if (response.ok || options.accept?.includes(response.status)) return response;
      if (isBusy(response) && !last) {
        await response.body?.cancel();
        await wait(retryAfter(response) ?? firstWaitMs * 2 ** attempt, options.signal);
        continue;
      }
      throw await failure(response, asked);
    }
  }

  /** Asks whether anybody speaks the protocol here at all, once. Throws `unavailable` where nobody does. */
  async ping(signal?: AbortSignal): Promise<void> {
    const response = await this.call("/v2/", "", { accept: [401, 403, 404], once: true, signal });
    await response.body?.cancel();
  }

  async #authorized(url: string, scope: string, options: CallOptions): Promise<Response> {
    for (let tries = 0; ; tries++) {
      const authorization = this.#authorizer.header(scope);
      const response = await this.#follow(url, { ...options.headers, "user-agent": this.userAgent, ...(authorization && { authorization }) }, options);
      if (response.status !== 401 || tries >= 2 || options.once === true) return response;
      if (!(await this.#authorizer.answer(response, scope, authorization))) return response;
      await response.body?.cancel();
    }
  }

  /** Redirects lead to storage elsewhere, which must not see our credentials. */
  async #follow(start: string, headers: Record<string, string>, options: CallOptions): Promise<Response> {
    let url = start;
    for (let hops = 0; hops < 10; hops++) {
      const own = new URL(url).host === new URL(this.endpoint.url).host;
      const { authorization, ...others } = headers;
      const response = await fetch(url, {
        method: options.method ?? "GET",
        headers: own && authorization ? headers : others,
        redirect: "manual",
        decompress: false,
        ...(options.body !== undefined && { body: options.body }),
        ...(options.signal && { signal: options.signal }),
        ...(this.endpoint.tls && { tls: this.endpoint.tls }),
        ...(this.endpoint.proxy && { proxy: this.endpoint.proxy }),
      });
      const location = response.headers.get("location");
      if (![301, 302, 303, 307, 308].includes(response.status) || !location) return response;
      await response.body?.cancel();
      url = new URL(location, url).href;
    }
    throw unavailable(`${start}: too many redirects`);
  }
}

function retryAfter(response: Response): number | undefined {
  const header = response.headers.get("retry-after");
  if (!header) return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), longestWaitMs) : undefined;
}

/** Waits, and ends early with the signal's reason when it is aborted. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(done, ms);
    const stop = () => { clearTimeout(timer); reject(signal?.reason); };
    function done() { signal?.removeEventListener("abort", stop); resolve(); }
    signal?.addEventListener("abort", stop, { once: true });
  });
}
