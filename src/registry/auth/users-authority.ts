import { RegistryError } from "../errors.ts";
import type { Metrics } from "../metrics.ts";
import type { Action, Authority, Identity, Scope } from "./authority.ts";
import type { HtpasswdUsers } from "./htpasswd.ts";
import type { TokenKeys } from "./jwt.ts";
import { allows, type Rules } from "./rules.ts";
import { formatScope, hasScope } from "./scopes.ts";

/** Issuer and audience of the registry's own tokens. */
export const ownService = "berth-registry";

/** Where clients of the built-in token service are sent. */
const tokenPath = "/token";

/** What {@link UsersAuthority} works with. `now`: milliseconds since 1970. */
export interface UsersAuthorityParts {
  users: HtpasswdUsers;
  rules: Rules;
  metrics: Metrics;
  now(): number;
  /** Given: clients are asked to fetch tokens. Their passwords are taken all the same. */
  tokens?: { keys: TokenKeys; realm?: string };
}

/** Users of an htpasswd file, by HTTP Basic or by tokens that the registry itself issues. */
export class UsersAuthority implements Authority {
  readonly kind: "basic" | "token";

  constructor(private readonly parts: UsersAuthorityParts) {
    this.kind = parts.tokens ? "token" : "basic";
  }

  async authenticate(request: Request): Promise<Identity> {
    const header = request.headers.get("authorization");
    if (header === null || header === "") return { user: null };
    const bearer = /^Bearer +(\S+)$/i.exec(header)?.[1];
    if (bearer !== undefined && this.parts.tokens) {
      const claims = this.parts.tokens.keys.verify(bearer, ownService, ownService, this.parts.now());
      if (!claims) throw new RegistryError("UNAUTHORIZED", "the token is invalid or has expired");
      return { user: claims.sub === "" ? null : claims.sub, scopes: claims.access ?? [] };
    }
    return { user: await checkBasic(this.parts, header) };
  }

  may({ user, scopes }: Identity, repository: string, action: Action): boolean {
    if (scopes && !hasScope(scopes, "repository", repository, action)) return false;
    return allows(this.parts.rules, user, repository, action);
  }

  challenge(request: Request, scope?: Scope): string {
    const { tokens } = this.parts;
    if (!tokens) return 'Basic realm="berth registry", charset="UTF-8"';
    const realm = tokens.realm ?? new URL(tokenPath, request.url).href;
    return `Bearer realm="${realm}",service="${ownService}"${scope ? `,scope="${formatScope(scope)}"` : ""}`;
  }
}

/** The user of an `Authorization: Basic` header. Throws UNAUTHORIZED. */
export async function checkBasic(
  { users, metrics }: Pick<UsersAuthorityParts, "users" | "metrics">,
  header: string,
): Promise<string> {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header)?.[1];
  const [user, password] = splitAtColon(Buffer.from(encoded ?? "", "base64").toString("utf8"));
  const right =
    encoded !== undefined && user.length <= 255 && password.length <= 1024 && (await users.verify(user, password));
  metrics.logins.increment({ result: right ? "right" : "wrong" });
  if (!right) throw new RegistryError("UNAUTHORIZED", "incorrect username or password");
  return user;
}

function splitAtColon(text: string): [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
