import type { Action, Identity } from "../auth/authority.ts";
import { sessionLifetime } from "../auth/token-service.ts";
import { checkBasic } from "../auth/users-authority.ts";
import { RegistryError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import type { Call, Handler } from "../http/route.ts";
import { deleteManifest } from "../metadata/delete-manifest.ts";
import { findManifest } from "../metadata/manifests.ts";
import { findRepository, repositoryUsage } from "../metadata/repositories.ts";
import { deleteTag } from "../metadata/tags.ts";
import { checkRepositoryName, parseReference } from "../names.ts";
import { describeImage, describeTags } from "../page/describe.ts";
import { quotaOf } from "../quota.ts";
import { json } from "./answers.ts";
import { findRepositories } from "./search.ts";

const cookieName = "berth_session";
const pageSize = 50;
const fresh = { "Cache-Control": "no-store" };

/** Runs the handler as the user of the page's session. What changes things must come from the page itself. */
function asVisitor(handler: Handler): Handler {
  return async (call) => {
    const changes = call.request.method !== "GET" && call.request.method !== "HEAD";
    // Other sites' pages cannot add a header of their own without being asked for permission, which is never given.
    if (changes && call.request.headers.get("x-requested-by") !== "berth")
      throw new RegistryError("DENIED", "this address is for the registry's own page");
    return await handler({ ...call, identity: await visitor(call) });
  };
}

async function visitor({ deps, request, url }: Call): Promise<Identity> {
  if (request.headers.has("authorization")) return await deps.authority.authenticate(request, url);
  const cookie = request.headers
    .get("cookie")
    ?.split(/;\s*/)
    .find((part) => part.startsWith(`${cookieName}=`));
  if (!cookie || !deps.login) return { user: null };
  return deps.login.tokens.sessionIdentity(cookie.slice(cookieName.length + 1));
}

/** GET /-/api/session */
export const getSession = asVisitor(({ deps, identity, url }) =>
  json(
    { user: identity.user, canLogIn: deps.login !== undefined, open: deps.authority.kind === "none", host: url.host },
    fresh,
  ),
);

/** POST /-/api/session: a form of user and password. */
export const postSession = asVisitor(async (call) => {
  const { deps, request } = call;
  if (!deps.login) throw new RegistryError("UNSUPPORTED", "nobody logs in here");
  const form = new URLSearchParams(
    new TextDecoder().decode(
      await readBody(request, 8192, () => new RegistryError("SIZE_INVALID", "too large", { status: 413 })),
    ),
  );
  const user = form.get("user") ?? "";
  await checkBasic(
    { users: deps.login.users, metrics: deps.metrics },
    `Basic ${Buffer.from(`${user}:${form.get("password") ?? ""}`).toString("base64")}`,
  );
  return json(
    { user },
    { ...fresh, "Set-Cookie": cookie(call, deps.login.tokens.session(user), sessionLifetime / 1000) },
  );
});

/** DELETE /-/api/session */
export const deleteSession = asVisitor((call) => json({ user: null }, { ...fresh, "Set-Cookie": cookie(call, "", 0) }));

function cookie({ deps, url }: Call, value: string, seconds: number): string {
  const secure = deps.options.tls || url.protocol === "https:" ? "; Secure" : "";
  return `${cookieName}=${value}; Path=/-/api; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

/** GET /-/api/repositories?q=&page= */
export const getRepositories = asVisitor((call) => {
  const found = findRepositories(call, (call.url.searchParams.get("q") ?? "").slice(0, 256));
  const page = Math.max(1, Number(call.url.searchParams.get("page") ?? 1) || 1);
  return json(
    {
      total: found.length,
      page,
      pages: Math.ceil(found.length / pageSize),
      repositories: found.slice((page - 1) * pageSize, page * pageSize),
    },
    fresh,
  );
});

/** GET /-/api/repository?name= */
export const getRepository = asVisitor(async (call) => {
  const { deps, identity } = call;
  const name = allowed(call, "pull");
  const row = findRepository(deps.db, name);
  if (!row) throw new RegistryError("NAME_UNKNOWN", "repository name not known to registry");
  const untagged = deps.db
    .query<{ n: number }, [number]>(
      "SELECT count(*) AS n FROM manifest WHERE repository = ? AND untagged IS NOT NULL AND subject IS NULL " +
        "AND NOT EXISTS (SELECT 1 FROM reference WHERE reference.digest = manifest.digest AND kind = 1)",
    )
    .get(row.id);
  return json(
    {
      name,
      description: row.description,
      pulls: row.pulls,
      usage: repositoryUsage(deps.db, row.id),
      quota: quotaOf(deps, name),
      mayDelete: deps.authority.may(identity, name, "delete"),
      untagged: untagged?.n ?? 0,
      tags: await describeTags(deps, name),
    },
    fresh,
  );
});

/** GET /-/api/image?name=&reference= */
export const getImage = asVisitor(async (call) => {
  const name = allowed(call, "pull");
  const row = findManifest(call.deps.db, name, parseReference(call.url.searchParams.get("reference") ?? ""));
  if (!row) throw new RegistryError("MANIFEST_UNKNOWN", "manifest unknown");
  return json(
    {
      name,
      mayDelete: call.deps.authority.may(call.identity, name, "delete"),
      ...(await describeImage(call.deps, name, row)),
    },
    fresh,
  );
});

/** DELETE /-/api/image?name=&reference=: a tag, and with its last tag the image; or an image by digest. */
export const deleteImage = asVisitor((call) => {
  const { deps } = call;
  const name = allowed(call, "delete");
  const reference = parseReference(call.url.searchParams.get("reference") ?? "");
  const row = findManifest(deps.db, name, reference);
  if (!row) throw new RegistryError("MANIFEST_UNKNOWN", "manifest unknown");
  if ("tag" in reference) {
    deleteTag(deps.db, name, reference.tag, deps.now());
    const rest = deps.db
      .query<{ name: string }, [number]>("SELECT name FROM tag WHERE manifest = ? LIMIT 1")
      .get(row.id);
    const parent = deps.db
      .query<{ id: number }, [string, number]>(
        "SELECT manifest.id FROM reference JOIN manifest ON manifest.id = reference.manifest WHERE " +
          "reference.digest = ? AND kind = 1 AND repository = ? LIMIT 1",
      )
      .get(row.digest, row.repository);
    if (rest || parent) return json({ deleted: "tag" });
  }
  deleteManifest(deps.db, name, row.digest, deps.now());
  return json({ deleted: "image" });
});

/** The repository that the request names. Throws DENIED, or UNAUTHORIZED for nobody. */
function allowed({ deps, identity, url }: Call, action: Action): string {
  const name = checkRepositoryName(url.searchParams.get("name") ?? "");
  if (!deps.authority.may(identity, name, action)) {
    throw identity.user === null
      ? new RegistryError("UNAUTHORIZED", "log in to see this")
      : new RegistryError("DENIED", `${identity.user} may not ${action} here`);
  }
  return name;
}
