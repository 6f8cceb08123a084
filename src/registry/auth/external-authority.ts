import { RegistryError } from "../errors.ts";
import type { Action, Authority, Identity, Scope } from "./authority.ts";
import type { TokenKeys } from "./jwt.ts";
import { allows, type Rules } from "./rules.ts";
import { formatScope, hasScope } from "./scopes.ts";

/**
 * A token service elsewhere. `realm`: its URL, which clients are sent to; `service`: this registry's name there;
 * `issuer`: who must have signed; `keys`: with which tokens are verified.
 */
export interface ExternalService {
  realm: string;
  service: string;
  issuer: string;
  keys: TokenKeys;
}

/** Tokens of a service elsewhere, which decides who may do what; rules, where there are any, narrow that. */
export class ExternalAuthority implements Authority {
  readonly kind = "token";

  constructor(
    private readonly external: ExternalService,
    private readonly rules: Rules,
    private readonly now: () => number,
  ) {}

  async authenticate(request: Request): Promise<Identity> {
    const header = request.headers.get("authorization");
    if (header === null || header === "") return { user: null };
    const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
    const { keys, issuer, service } = this.external;
    const claims = token === undefined ? undefined : keys.verify(token, issuer, service, this.now());
    if (!claims) throw new RegistryError("UNAUTHORIZED", "the token is invalid or has expired");
    return { user: claims.sub === "" ? null : claims.sub, scopes: claims.access ?? [] };
  }

  /** Without scopes, the question is what some token might allow. */
  may({ user, scopes }: Identity, repository: string, action: Action): boolean {
    if (scopes && !hasScope(scopes, "repository", repository, action)) return false;
    const ruled = this.rules.access.length > 0;
    if (ruled || (user === null && scopes === undefined)) return allows(this.rules, user, repository, action);
    return true;
  }

  challenge(_: Request, scope?: Scope): string {
    const { realm, service } = this.external;
    return `Bearer realm="${realm}",service="${service}"${scope ? `,scope="${formatScope(scope)}"` : ""}`;
  }
}
