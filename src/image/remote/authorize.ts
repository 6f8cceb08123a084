import { EngineError, errorMessage, internal, unavailable } from "../../lib/errors.ts";
import { networkWords } from "../../lib/network-words.ts";
import { parseJson } from "../../lib/parse-json.ts";
import { requireHttp } from "../../lib/require-http.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { RegistryCredentials } from "./credentials.ts";
import type { Endpoint } from "./endpoints.ts";
import { type Asked, failure, whatWasAsked } from "./failure.ts";

const clientId = "berth";
/** A token is asked for anew this long before it ends. */
const slackMs = 10_000;

/**
 * Answers the challenges of one endpoint: basic, or bearer tokens fetched from the realm it names (the token
 * specification: GET with basic, POST with a refresh token) and kept until they end.
 */
export class Authorizer {
  readonly #tokens = new Map<string, { token: string; expires: number }>();
  #scheme: "basic" | "bearer" | undefined;
  /** Set where a realm handed out a refresh token (`docker login` stores it as identity token). */
  identityToken: string | undefined;

  constructor(
    private readonly endpoint: Endpoint,
    private credentials: RegistryCredentials | undefined,
  ) {}

  /** Whether there is anything to answer a challenge with. */
  get hasCredentials(): boolean {
    return Boolean(this.credentials?.username || this.credentials?.identitytoken || this.credentials?.registrytoken);
  }

  /** The header for a request within `scope`, where one is known already. */
  header(scope: string): string | undefined {
    if (this.credentials?.registrytoken) return `Bearer ${this.credentials.registrytoken}`;
    if (this.#scheme === "basic") return this.#basic();
    const kept = this.#tokens.get(scope);
    return kept && kept.expires > Date.now() ? `Bearer ${kept.token}` : undefined;
  }

  /**
   * Takes in a 401 to a request that carried `sent`. Returns false where nothing more can be tried. Throws what the
   * token service says, as something that was in the way of what was `asked`.
   */
  async answer(response: Response, scope: string, sent: string | undefined, asked: Asked): Promise<boolean> {
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    const bearer = challenges.find((challenge) => challenge.scheme === "bearer");
    if (bearer) {
      this.#tokens.delete(scope);
      const token = await this.#fetchToken(bearer, scope, asked);
      this.#tokens.set(scope, token);
      this.#scheme = "bearer";
      return true;
    }
    if (challenges.some((challenge) => challenge.scheme === "basic")) {
      this.#scheme = "basic";
      const { keeper } = this.credentials ?? {};
      if (keeper) this.credentials = await keeper.login();
      // Requests that went out together without credentials each get a 401 of their own, and each is sent again.
      const basic = this.#basic();
      return basic !== undefined && basic !== sent;
    }
    return false;
  }

  #basic(): string | undefined {
    const user = this.credentials?.username;
    if (!user) return undefined;
    return `Basic ${Buffer.from(`${user}:${this.credentials?.password ?? ""}`).toString("base64")}`;
  }

  async #fetchToken(challenge: Challenge, scope: string, asked: Asked): Promise<{ token: string; expires: number }> {
    const { realm, service } = challenge.parameters;
    if (!realm || !URL.canParse(realm))
      throw internal(`${whatWasAsked(asked)}: no realm specified for token auth challenge`);
    requireHttp(realm);
    const scopes = scope || challenge.parameters.scope || "";
    const { keeper } = this.credentials ?? {};
    if (keeper) {
      const { token, seconds } = await keeper.token({
        realm,
        service: service ?? "",
        scopes: scopes.split(" ").filter(Boolean),
      });
      return { token, expires: expiry(seconds) };
    }
    const response = this.credentials?.identitytoken
      ? await this.#postToken(asked, realm, service, scopes)
      : await this.#getToken(asked, realm, service, scopes);
    if (!response.ok) {
      const { kind, message, cause } = await failure(response, asked);
      throw new EngineError(kind, `${whatWasAsked(asked)}: ${message}`, { cause });
    }
    const body = tokenAnswer(await response.text(), asked);
    const token = [body.token, body.access_token].find((each) => typeof each === "string" && each !== "");
    if (typeof token !== "string")
      throw internal(`${whatWasAsked(asked)}: authorization server did not include a token in the response`);
    if (typeof body.refresh_token === "string") this.identityToken = body.refresh_token;
    return { token, expires: expiry(typeof body.expires_in === "number" ? body.expires_in : 0) };
  }

  #getToken(asked: Asked, realm: string, service: string | undefined, scopes: string): Promise<Response> {
    const url = new URL(realm);
    if (service) url.searchParams.set("service", service);
    for (const scope of scopes.split(" ").filter(Boolean)) url.searchParams.append("scope", scope);
    const basic = this.#basic();
    if (basic) {
      url.searchParams.set("account", this.credentials?.username ?? "");
      url.searchParams.set("client_id", clientId);
      url.searchParams.set("offline_token", "true");
    }
    return this.#fetch(asked, url.href, { headers: basic ? { authorization: basic } : {} });
  }

  #postToken(asked: Asked, realm: string, service: string | undefined, scopes: string): Promise<Response> {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: clientId,
      refresh_token: this.credentials?.identitytoken ?? "",
    });
    if (service) form.set("service", service);
    if (scopes) form.set("scope", scopes);
    return this.#fetch(asked, realm, { method: "POST", body: form });
  }

  /**
   * Throws `unavailable`, with the error as its cause, where no answer comes: the realm may be another machine than the
   * registry.
   */
  async #fetch(asked: Asked, url: string, init: RequestInit): Promise<Response> {
    const { tls, proxy } = this.endpoint;
    try {
      return await fetch(url, { ...init, ...(tls && { tls }), ...(proxy && { proxy }) });
    } catch (error) {
      throw unavailable(
        `${whatWasAsked(asked)}: ${init.method === "POST" ? "Post" : "Get"} "${url}": ` +
          `${networkWords(error, { url: proxy ?? url })}`,
        error,
      );
    }
  }
}

/** The specification's default lifetime is a minute. */
function expiry(seconds: number): number {
  return Date.now() + Math.max((seconds > 0 ? seconds : 60) * 1000 - slackMs, 5_000);
}

function tokenAnswer(text: string, asked: Asked): Record<string, unknown> {
  try {
    const value = parseJson(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch (error) {
    throw internal(`${whatWasAsked(asked)}: unable to decode token response: ${errorMessage(error)}`);
  }
}
