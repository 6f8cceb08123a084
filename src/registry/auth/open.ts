import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoginParts, RegistryDeps } from "../deps.ts";
import type { Authority } from "./authority.ts";
import { openAuthority } from "./authority.ts";
import { ExternalAuthority } from "./external-authority.ts";
import { HtpasswdUsers } from "./htpasswd.ts";
import { TokenKeys } from "./jwt.ts";
import { TokenService } from "./token-service.ts";
import { UsersAuthority } from "./users-authority.ts";

/** The authority that the options ask for, and what logging in needs, where that happens here. */
export function openAuth({
  options,
  paths,
  log,
  metrics,
  now,
}: Pick<RegistryDeps, "options" | "paths" | "log" | "metrics" | "now">): {
  authority: Authority;
  login: LoginParts | undefined;
} {
  const { auth, access, anonymousPull } = options;
  const rules = { access, anonymousPull };
  if (auth.kind === "none") return { authority: openAuthority, login: undefined };
  if (auth.kind === "external") {
    const keys = TokenKeys.of(readFileSync(auth.keys, "utf8"));
    return { authority: new ExternalAuthority({ ...auth, keys }, rules, now), login: undefined };
  }
  const users = new HtpasswdUsers(auth.file, log, now);
  const keys = TokenKeys.own(join(paths.keys, "token.pem"));
  const tokens = new TokenService(keys, users, rules, options.tokenLifetime, now);
  const forTokens = auth.tokens
    ? { tokens: { keys, ...(options.tokenRealm !== undefined && { realm: options.tokenRealm }) } }
    : {};
  return { authority: new UsersAuthority({ users, rules, metrics, now, ...forTokens }), login: { users, tokens } };
}
