import { dockerRelease, newestApi, oldestApi, oldestServedApi, unversionedApi } from "../api/version.ts";
import { EngineError, errorMessage, invalid } from "../lib/errors.ts";
import { type Authorized, authorize } from "./authorization/authorization.ts";
import { understoodBy } from "./compat/clients.ts";
import { downgrade } from "./compat/responses.ts";
import { type ApiVersion, api, parseApiVersion } from "./compat/version.ts";
import type { ServerDeps } from "./deps.ts";
import { errorReply, errorStatus } from "./http/errors.ts";
import { BadRequest } from "./http/head.ts";
import { Query } from "./http/query.ts";
import { encode, json, type Reply } from "./http/reply.ts";
import { type Route, Router } from "./http/router.ts";
import type { HttpHandler } from "./http/serve.ts";
import { routes } from "./routes/all.ts";

const newest = api(newestApi);
const oldest = api(oldestApi);
const oldestServed = api(oldestServedApi);

/** The Engine API as one function, and what a stop needs to know of it. */
export interface EngineApi {
  /** From request to reply. */
  handle: HttpHandler;
  /** Requests so far. */
  readonly handled: number;
  /**
   * Resolves when no verb is under way (streams that are only being read do not count), or after so many milliseconds.
   */
  settle(timeout: number): Promise<void>;
}

/** The Engine API on these contexts. */
export function createApi(deps: ServerDeps): EngineApi {
  const router = new Router(routes);
  const common = {
    "Api-Version": newestApi,
    "Docker-Experimental": String(deps.facts.experimental),
    Ostype: "linux",
    // Old clients read the system out of the brackets, and only where `Docker/` comes first.
    Server: `Docker/${dockerRelease} Berth/${deps.facts.version} (linux)`,
  };

  const whole = (reply: Reply): Reply => {
    const encoded = encode(reply);
    return { ...encoded, headers: { ...common, ...encoded.headers } };
  };

  const running = new Set<Promise<Reply>>();
  let handled = 0;
  const answer: HttpHandler = async (request) => {
    const { head, body, signal } = request;
    const { path, query, version: asked } = readTarget(head.target);
    const found = path === null ? null : router.find(head.method, path);
    if (path === null || !found)
      return encode(head.method === "OPTIONS" ? { status: 200 } : json(404, { message: "page not found" }));
    deps.log.debug(`Calling ${head.method} ${head.target}`, { module: "api" });
    const { route, params } = found;
    let reply: Reply;
    let authorized: Authorized | null = null;
    try {
      if (deps.authorization.length > 0) authorized = await authorize(deps.authorization, request, path);
      const version = understoodBy(head.headers.get("user-agent"), checkVersion(asked, route));
      reply = await route.handle(deps, {
        method: head.method,
        path,
        params,
        query: new Query(query),
        headers: head.headers,
        version,
        body,
        signal,
      });
      if (reply.value !== undefined) reply = { ...reply, value: downgrade(route.id, version, reply.value) };
      if (authorized) {
        const { answer: allowed } = authorized;
        authorized = null;
        reply = await allowed(whole(reply));
      }
    } catch (error) {
      if (error instanceof BadRequest) throw error;
      // What went wrong is the answer, whatever plugins think of it.
      await authorized?.failed().catch(() => {});
      reply = errorReply(error);
      // A client that has left wants no answer, and its leaving is no failure.
      if (errorStatus(error) >= 500 && !signal.aborted) {
        deps.log[error instanceof EngineError ? "info" : "error"](
          `Handler for ${route.method} ${route.path} returned error`,
          {
            module: "api",
            error: errorMessage(error),
            ...(!(error instanceof EngineError) && error instanceof Error && { stack: error.stack }),
          },
        );
      }
      // Clients of so old an API print the body as it is.
      if (asked !== null && (parseApiVersion(asked) ?? newest) < oldest)
        reply = {
          status: reply.status,
          headers: { "Content-Type": "text/plain; charset=utf-8" },
          body: `${errorMessage(error)}\n`,
        };
    }
    return whole(reply);
  };
  return {
    get handled() {
      return handled;
    },
    handle(request) {
      handled++;
      const reply = answer(request);
      running.add(reply);
      return reply.finally(() => running.delete(reply));
    },
    settle: (timeout) => Promise.race([Promise.allSettled(running), Bun.sleep(timeout)]).then(() => {}),
  };
}

/** Path and query apart, the path decoded (null where that fails) and without its version. */
function readTarget(target: string): { path: string | null; query: string; version: string | null } {
  // A proxy's form of target names the host too.
  const local = target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  const raw = mark < 0 ? local : local.slice(0, mark);
  const query = mark < 0 ? "" : local.slice(mark + 1);
  const match = /^\/v([0-9.]+)(\/.*)$/.exec(raw);
  try {
    return { path: decodeURIComponent(match?.[2] ?? raw), query, version: match?.[1] ?? null };
  } catch {
    return { path: null, query, version: null };
  }
}

function checkVersion(asked: string | null, { method, path, since }: Route): ApiVersion {
  if (asked === null) return api(unversionedApi);
  const version = parseApiVersion(asked) ?? 0;
  if (version < oldestServed)
    throw invalid(
      `client version ${asked} is too old. Minimum supported API version is ${oldestApi}, please upgrade your ` +
        "client to a newer version",
    );
  if (version > newest)
    throw invalid(`client version ${asked} is too new. Maximum supported API version is ${newestApi}`);
  if (since !== undefined && version < api(since))
    throw invalid(`${method} ${path} requires minimum API version ${since}`);
  return version;
}
