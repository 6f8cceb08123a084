import type { Action, Identity, Scope } from "./authority.ts";
import type { HtpasswdUsers } from "./htpasswd.ts";
import type { TokenKeys } from "./jwt.ts";
import { allows, type Rules } from "./rules.ts";
import { ownService } from "./users-authority.ts";

const refreshAudience = `${ownService}/refresh`;
const sessionAudience = `${ownService}/session`;
const refreshLifetime = 90 * 86_400_000;
/** Milliseconds for which a login to the web page holds: 12 hours. */
export const sessionLifetime = 12 * 3_600_000;

const actions: readonly Action[] = ["pull", "push", "delete"];

/** Issues what lets a user in later without the password: access tokens, refresh tokens, the web page's sessions. */
export class TokenService {
  constructor(
    private readonly keys: TokenKeys,
    private readonly users: HtpasswdUsers,
    private readonly rules: Rules,
    readonly lifetime: number,
    private readonly now: () => number,
  ) {}

  /** Those of the wanted scopes that the user has. A client learns from what is missing. */
  grant(user: string | null, wanted: readonly Scope[]): Scope[] {
    return wanted.flatMap((scope): Scope[] => {
      if (scope.type === "registry" && scope.name === "catalog")
        return user !== null || this.rules.anonymousPull ? [{ ...scope, actions: ["*"] }] : [];
      if (scope.type !== "repository") return [];
      const granted = actions.filter(
        (action) =>
          (scope.actions.includes(action) || scope.actions.includes("*")) &&
          allows(this.rules, user, scope.name, action),
      );
      return granted.length > 0 ? [{ type: scope.type, name: scope.name, actions: granted }] : [];
    });
  }

  accessToken(user: string | null, access: Scope[]): string {
    return this.keys.issue({ iss: ownService, aud: ownService, sub: user ?? "", access }, this.lifetime, this.now());
  }

  refreshToken(user: string): string {
    return this.#bound(user, refreshAudience, refreshLifetime);
  }

  session(user: string): string {
    return this.#bound(user, sessionAudience, sessionLifetime);
  }

  /** The user of a refresh token; null once it expired or the password changed. */
  refreshUser(token: string): string | null {
    return this.#boundUser(token, refreshAudience);
  }

  sessionIdentity(token: string): Identity {
    return { user: this.#boundUser(token, sessionAudience) };
  }

  #bound(user: string, audience: string, lifetime: number): string {
    const fingerprint = this.users.fingerprint(user) ?? "";
    return this.keys.issue({ iss: ownService, aud: audience, sub: user, fingerprint }, lifetime, this.now());
  }

  #boundUser(token: string, audience: string): string | null {
    const claims = this.keys.verify(token, ownService, audience, this.now());
    return claims?.fingerprint !== undefined && claims.fingerprint === this.users.fingerprint(claims.sub)
      ? claims.sub
      : null;
  }
}
