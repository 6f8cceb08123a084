import { parseScopes } from "../auth/scopes.ts";
import { checkBasic } from "../auth/users-authority.ts";
import type { LoginParts } from "../deps.ts";
import { RegistryError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import type { Call } from "../http/route.ts";
import { json } from "./answers.ts";

interface Wanted {
  user: string | null;
  scopes: string[];
  /** Give a refresh token as well. */
  offline: boolean;
}

/** GET /token: the distribution project's token protocol. Credentials as HTTP Basic; none: what everybody may. */
export async function getToken(call: Call): Promise<Response> {
  const login = loginOf(call);
  const header = call.request.headers.get("authorization");
  const user = header
    ? await checkBasic({ users: login.users, metrics: call.deps.metrics }, header).catch(askAgain)
    : null;
  const { searchParams } = call.url;
  return answer(call, login, {
    user,
    scopes: searchParams.getAll("scope"),
    offline: searchParams.get("offline_token") === "true",
  });
}

/** POST /token: the OAuth2 form of it, with a password or a refresh token. */
export async function postToken(call: Call): Promise<Response> {
  const login = loginOf(call);
  const body = await readBody(
    call.request,
    64 * 1024,
    () => new RegistryError("SIZE_INVALID", "the form is too large", { status: 413 }),
  );
  const form = new URLSearchParams(new TextDecoder().decode(body));
  const user = await formUser(call, login, form);
  return answer(call, login, { user, scopes: form.getAll("scope"), offline: form.get("access_type") === "offline" });
}

async function formUser(call: Call, login: LoginParts, form: URLSearchParams): Promise<string> {
  const grant = form.get("grant_type");
  if (grant === "password") {
    const pair = Buffer.from(`${form.get("username") ?? ""}:${form.get("password") ?? ""}`).toString("base64");
    return await checkBasic({ users: login.users, metrics: call.deps.metrics }, `Basic ${pair}`);
  }
  if (grant !== "refresh_token")
    throw new RegistryError("UNSUPPORTED", "grant_type must be password or refresh_token", { status: 400 });
  const user = login.tokens.refreshUser(form.get("refresh_token") ?? "");
  if (user === null)
    throw new RegistryError("UNAUTHORIZED", "the refresh token is invalid or has expired: log in again");
  return user;
}

function answer({ deps }: Call, { tokens }: LoginParts, { user, scopes, offline }: Wanted): Response {
  const granted = tokens.grant(user, parseScopes(scopes));
  const token = tokens.accessToken(user, granted);
  return json(
    {
      token,
      access_token: token,
      expires_in: Math.floor(tokens.lifetime / 1000),
      issued_at: new Date(deps.now()).toISOString(),
      ...(offline && user !== null && { refresh_token: tokens.refreshToken(user) }),
    },
    { "Cache-Control": "no-store" },
  );
}

function loginOf({ deps }: Call): LoginParts {
  if (!deps.login || deps.authority.kind !== "token")
    throw new RegistryError("UNSUPPORTED", "there is no token service here", { status: 404 });
  return deps.login;
}

function askAgain(error: unknown): never {
  if (error instanceof RegistryError && error.code === "UNAUTHORIZED")
    throw new RegistryError("UNAUTHORIZED", error.message, {
      headers: { "WWW-Authenticate": 'Basic realm="berth registry", charset="UTF-8"' },
    });
  throw error;
}
