import type { Logger } from "../../lib/log.ts";
import { networkWords } from "../../lib/network-words.ts";
import { RegistryError } from "../errors.ts";
import { shorten } from "../names.ts";
import type { MirrorOptions } from "../options.ts";

/** How long an answer's head may take. Bodies take as long as they move. */
const headTimeout = 20_000;
const attempts = 3;
/** After a failure, for so long, what is kept here is served without asking. */
const downTime = 15_000;

/** How to ask the registry that is mirrored; `method` undefined: GET. */
export interface UpstreamRequest {
  method?: "GET" | "HEAD";
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** One registry that is mirrored: its address, credentials, tokens, and whether it answered lately. */
export class Upstream {
  readonly #tokens = new Map<string, { header: string; until: number }>();
  #downUntil = 0;

  constructor(
    readonly options: MirrorOptions,
    private readonly log: Logger,
    private readonly now: () => number,
  ) {}

  /** True while asking again is pointless. */
  get down(): boolean {
    return this.now() < this.#downUntil;
  }

  /** The repository's name over there. Docker Hub keeps its own images under `library/`. */
  nameOf(repository: string): string {
    const name = this.options.prefix === "" ? repository : repository.slice(this.options.prefix.length + 1);
    return !name.includes("/") && /(^|\.)docker\.(io|com)$/.test(new URL(this.options.url).hostname)
      ? `library/${name}`
      : name;
  }

  /**
   * Asks for `path` below the repository. Success, 404 (undefined) and 416 are answers; everything else is thrown:
   * UNAVAILABLE where upstream cannot be reached or fails, TOOMANYREQUESTS with its own Retry-After, DENIED where it
   * refuses us.
   */
  async ask(repository: string, path: string, request: UpstreamRequest = {}): Promise<Response | undefined> {
    const name = this.nameOf(repository);
    const url = `${this.options.url}/v2/${name}/${path}`;
    let problem = "";
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await Bun.sleep(200 * 2 ** attempt);
      let response: Response;
      try {
        response = await this.#askWithAuth(url, name, request);
      } catch (error) {
        if (error instanceof RegistryError) throw error;
        problem = networkWords(error);
        if (request.signal?.aborted) break;
        continue;
      }
      if (response.ok || response.status === 416) {
        this.#downUntil = 0;
        return response;
      }
      await response.body?.cancel();
      if (response.status === 404) return undefined;
      if (response.status === 401 || response.status === 403) {
        // Docker Hub says this of repositories that do not exist.
        throw new RegistryError("DENIED", `${this.options.url} does not let this registry have ${shorten(name)}`);
      }
      if (response.status === 429) {
        this.#downUntil = this.now() + downTime;
        throw new RegistryError("TOOMANYREQUESTS", `${this.options.url} limits how much this registry may fetch`, {
          headers: { "Retry-After": response.headers.get("retry-after") ?? "60" },
        });
      }
      problem = `status ${response.status}`;
      if (response.status < 500) break;
    }
    this.#downUntil = this.now() + downTime;
    this.log.warn("upstream does not answer", { upstream: this.options.url, problem });
    throw new RegistryError("UNAVAILABLE", `${this.options.url} cannot be reached: ${problem}`, {
      headers: { "Retry-After": "15" },
    });
  }

  async #askWithAuth(url: string, name: string, request: UpstreamRequest): Promise<Response> {
    const known = this.#tokens.get(name);
    const first = await this.#follow(url, request, known && known.until > this.now() ? known.header : undefined);
    if (first.status !== 401) return first;
    const challenge = first.headers.get("www-authenticate") ?? "";
    await first.body?.cancel();
    const header = await this.#answerChallenge(challenge, name);
    return header === undefined ? first : await this.#follow(url, request, header);
  }

  /** Follows redirects itself: the credentials must not reach the storage behind a registry. */
  async #follow(url: string, request: UpstreamRequest, authorization: string | undefined): Promise<Response> {
    let target = url;
    for (let hop = 0; hop < 6; hop++) {
      const own = new URL(target).origin === new URL(url).origin;
      const timeout = new AbortController();
      const timer = setTimeout(() => timeout.abort(new Error("no answer in time")), headTimeout);
      try {
        const response = await fetch(target, {
          method: request.method ?? "GET",
          redirect: "manual",
          // The bytes are what the digest is of; a decoded body would have another.
          decompress: false,
          headers: {
            "User-Agent": "berth-registry",
            ...request.headers,
            ...(own && authorization && { Authorization: authorization }),
          },
          signal: request.signal ? AbortSignal.any([timeout.signal, request.signal]) : timeout.signal,
        });
        const location = response.headers.get("location");
        if (![301, 302, 303, 307, 308].includes(response.status) || !location) return response;
        await response.body?.cancel();
        target = new URL(location, target).href;
      } finally {
        clearTimeout(timer);
      }
    }
    throw new Error("too many redirects");
  }

  async #answerChallenge(challenge: string, name: string): Promise<string | undefined> {
    const { username, password } = this.options;
    const basic =
      username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;
    if (/^basic/i.test(challenge)) return basic;
    const fields = new Map(
      [...challenge.matchAll(/([a-z]+)="([^"]*)"/gi)].map(([, key = "", value = ""]) => [key.toLowerCase(), value]),
    );
    const realm = fields.get("realm");
    if (!/^bearer/i.test(challenge) || realm === undefined || !URL.canParse(realm)) return undefined;
    const url = new URL(realm);
    const service = fields.get("service");
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", fields.get("scope") ?? `repository:${name}:pull`);
    // A password goes where the upstream sends it, but not in the clear when the upstream itself is not.
    const safe = url.protocol === "https:" || this.options.url.startsWith("http:");
    const response = await fetch(url, {
      headers: { "User-Agent": "berth-registry", ...(basic && safe && { Authorization: basic }) },
      signal: AbortSignal.timeout(headTimeout),
    });
    if (response.status === 429)
      throw new RegistryError("TOOMANYREQUESTS", `${url.origin} limits how many tokens this registry may have`);
    if (!response.ok)
      throw new RegistryError("DENIED", `${url.origin} does not give this registry a token for ${shorten(name)}`);
    const body: unknown = await response.json();
    if (typeof body !== "object" || body === null) return undefined;
    const fieldsOf = new Map<string, unknown>(Object.entries(body));
    const token = fieldsOf.get("token") ?? fieldsOf.get("access_token");
    const lifetime = fieldsOf.get("expires_in");
    if (typeof token !== "string") return undefined;
    const header = `Bearer ${token}`;
    this.#tokens.set(name, {
      header,
      until: this.now() + (typeof lifetime === "number" ? Math.max(lifetime - 10, 5) : 50) * 1000,
    });
    if (this.#tokens.size > 1000) this.#tokens.delete(this.#tokens.keys().next().value ?? "");
    return header;
  }
}
