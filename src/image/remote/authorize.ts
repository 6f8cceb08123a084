import type { AuthConfig } from "../../api/types/system.ts";
import { unauthorized, unavailable } from "../../lib/errors.ts";
import { parseChallenges, type Challenge } from "./challenge.ts";
import type { Endpoint } from "./endpoints.ts";
import { isBusy, message, parse } from "./failure.ts";

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

  constructor(private readonly endpoint: Endpoint, private readonly credentials: AuthConfig | undefined) {}

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

  /** Takes in a 401 to a request that carried `sent`. Returns false where nothing more can be tried. */
  async answer(response: Response, scope: string, sent: string | undefined): Promise<boolean> {
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    const bearer = challenges.find((challenge) => challenge.scheme === "bearer");
    if (bearer) {
      const had = this.#tokens.delete(scope);
      const token = await this.#fetchToken(bearer, scope);
      this.#tokens.set(scope, token);
      this.#scheme = "bearer";
      return !had || token.token !== "";
    }
    if (challenges.some((challenge) => challenge.scheme === "basic")) {
      this.#scheme = "basic";
      // Of requests that go out together each learns it by its own refusal.
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

  async #fetchToken(challenge: Challenge, scope: string): Promise<{ token: string; expires: number }> {
    const { realm, service } = challenge.parameters;
    if (!realm || !URL.canParse(realm)) throw unavailable(`the registry ${this.endpoint.domain} names no realm to get a token from`);
    const scopes = scope || challenge.parameters.scope || "";
    const response = this.credentials?.identitytoken ? await this.#postToken(realm, service, scopes) : await this.#getToken(realm, service, scopes);
    const text = await response.text();
    if (response.status === 401 || response.status === 403) throw unauthorized(`unauthorized: ${message(text) || "incorrect username or password"}`);
    if (!response.ok) {
      const told = `failed to fetch a token from ${new URL(realm).host}: ${response.status} ${response.statusText}: ${message(text)}`;
      throw isBusy(response) ? unavailable(told, response) : unavailable(told);
    }
    const body = parse(text);
    const token = typeof body.token === "string" ? body.token : typeof body.access_token === "string" ? body.access_token : "";
    if (typeof body.refresh_token === "string") this.identityToken = body.refresh_token;
    // The specification's default lifetime is a minute.
    const seconds = typeof body.expires_in === "number" && body.expires_in > 0 ? body.expires_in : 60;
    return { token, expires: Date.now() + Math.max(seconds * 1000 - slackMs, 5_000) };
  }

  #getToken(realm: string, service: string | undefined, scopes: string): Promise<Response> {
    const url = new URL(realm);
    if (service) url.searchParams.set("service", service);
    for (const scope of scopes.split(" ").filter(Boolean)) url.searchParams.append("scope", scope);
    const basic = this.#basic();
    if (basic) {
      url.searchParams.set("account", this.credentials?.username ?? "");
      url.searchParams.set("client_id", clientId);
      url.searchParams.set("offline_token", "true");
    }
    return fetch(url, { headers: basic ? { authorization: basic } : {}, ...this.#transport() });
  }

  #postToken(realm: string, service: string | undefined, scopes: string): Promise<Response> {
    const form = new URLSearchParams({ grant_type: "refresh_token", client_id: clientId, refresh_token: this.credentials?.identitytoken ?? "" });
    if (service) form.set("service", service);
    if (scopes) form.set("scope", scopes);
    return fetch(realm, { method: "POST", body: form, ...this.#transport() });
  }

  #transport() {
    return { ...(this.endpoint.tls && { tls: this.endpoint.tls }), ...(this.endpoint.proxy && { proxy: this.endpoint.proxy }) };
  }
}
