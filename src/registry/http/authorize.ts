import type { Action, Identity, Scope } from "../auth/authority.ts";
import { hasScope } from "../auth/scopes.ts";
import type { RegistryDeps } from "../deps.ts";
import { RegistryError } from "../errors.ts";
import type { Need } from "./route.ts";

/** Who is calling, having been allowed what the route needs. Throws UNAUTHORIZED with a challenge, or DENIED. */
export async function authorize(
  deps: RegistryDeps,
  request: Request,
  url: URL,
  need: Need,
  repository: string | undefined,
): Promise<Identity> {
  const { authority } = deps;
  if (need === "open" || authority.kind === "none") return { user: null };
  const identity = await authority.authenticate(request, url).catch((error: unknown) => {
    if (error instanceof RegistryError && error.code === "UNAUTHORIZED")
      throw unauthorized(deps, request, error.message, scopeOf(need, repository));
    throw error;
  });
  if (need === "anyone") return identity;
  if (need === "user" || need === "catalog") {
    // A token of the anonymous user counts: it proves that the client knows how to ask for tokens.
    if (identity.user === null && identity.scopes === undefined)
      throw unauthorized(deps, request, "authentication required", scopeOf(need, repository));
    if (need === "user") return identity;
    if (identity.scopes && !hasScope(identity.scopes, "registry", "catalog", "*"))
      throw unauthorized(deps, request, "the token is not for the catalogue", scopeOf(need, repository));
    return { user: identity.user };
  }
  if (repository === undefined || authority.may(identity, repository, need)) return identity;
  const withoutScopes = identity.scopes && authority.may({ user: identity.user }, repository, need);
  if (identity.user === null || withoutScopes)
    throw unauthorized(deps, request, "authentication required", scopeOf(need, repository));
  throw new RegistryError(
    "DENIED",
    `${identity.user} may not ${need} ${need === "push" ? "to" : "from"} ${repository}`,
    { detail: { repository, action: need } },
  );
}

function scopeOf(need: Need, repository: string | undefined): Scope | undefined {
  if (need === "catalog") return { type: "registry", name: "catalog", actions: ["*"] };
  if (repository === undefined || need === "open" || need === "anyone" || need === "user") return undefined;
  const actions: Action[] = need === "push" ? ["pull", "push"] : [need];
  return { type: "repository", name: repository, actions };
}

function unauthorized(deps: RegistryDeps, request: Request, message: string, scope?: Scope): RegistryError {
  return new RegistryError("UNAUTHORIZED", message, {
    headers: { "WWW-Authenticate": deps.authority.challenge(request, scope) },
    ...(scope && { detail: [{ Type: scope.type, Name: scope.name, Action: scope.actions.at(-1) }] }),
  });
}
