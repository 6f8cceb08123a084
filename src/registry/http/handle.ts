import type { Server } from "bun";
import { hasCode } from "../../lib/errors.ts";
import type { Identity } from "../auth/authority.ts";
import type { RegistryDeps } from "../deps.ts";
import { RegistryError } from "../errors.ts";
import { checkRepositoryName } from "../names.ts";
import { apiVersion } from "../routes/answers.ts";
import { authorize } from "./authorize.ts";
import type { Call, Method, Route } from "./route.ts";

/** As nginx has it: for the log, since nobody reads the answer. */
const clientGone = 499;

const methods: readonly Method[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/**
 * The one way of every request: find the route, check the name, find out who asks, ask whether they may, run the
 * handler; turn whatever is thrown into the protocol's errors; log and count.
 */
export function createHandler(deps: RegistryDeps, routes: readonly Route[]) {
  return async (request: Request, server: Server<unknown>): Promise<Response> => {
    const began = performance.now();
    const trace: Trace = { label: "unknown", identity: { user: null } };
    let response: Response;
    try {
      response = await dispatch(deps, routes, request, server, trace);
    } catch (error) {
      response = errorAnswer(deps, request, error);
    }
    for (const [key, value] of Object.entries(apiVersion)) response.headers.set(key, value);
    if (deps.draining()) response.headers.set("Connection", "close");
    const seconds = (performance.now() - began) / 1000;
    deps.metrics.requests.increment({
      route: trace.label,
      method: methods.find((known) => known === request.method) ?? "other",
      status: String(response.status),
    });
    deps.metrics.durations.observe(seconds, { route: trace.label });
    if (deps.options.accessLog) logAccess(deps, request, server, response, trace, seconds);
    return response;
  };
}

interface Trace {
  label: string;
  identity: Identity;
}

async function dispatch(
  deps: RegistryDeps,
  routes: readonly Route[],
  request: Request,
  server: Server<unknown>,
  trace: Trace,
): Promise<Response> {
  const url = new URL(request.url);
  const path = decodePath(url.pathname);
  for (const route of routes) {
    const match = route.pattern.exec(path);
    if (!match) continue;
    trace.label = route.label;
    const method = methods.find((known) => known === request.method);
    const entry = method && route.methods[method];
    if (!entry) {
      throw new RegistryError("UNSUPPORTED", `${request.method.slice(0, 20)} is not supported here`, {
        headers: { Allow: Object.keys(route.methods).join(", ") },
      });
    }
    const [need, handler] = entry;
    const params = { ...match.groups };
    if (params["name"] !== undefined)
      params["name"] = deps.mirrors.resolve(checkRepositoryName(params["name"]), url.searchParams.get("ns"));
    const identity = await authorize(deps, request, url, need, params["name"]);
    trace.identity = identity;
    const call: Call = { deps, request, url, params, identity, unhurried: () => server.timeout(request, 0) };
    return await handler(call);
  }
  throw new RegistryError("UNSUPPORTED", "there is nothing at this address", { status: 404 });
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch (cause) {
    throw new RegistryError("NAME_INVALID", "the address is not properly encoded", { cause });
  }
}

/**
 * The answer for anything thrown. What is no RegistryError becomes one; statuses from 500 on are logged. A client that
 * went away gets 499, which only the log sees; an answer to HEAD has no body.
 */
export function errorAnswer(deps: Pick<RegistryDeps, "log">, request: Request | undefined, error: unknown): Response {
  const known = request?.signal.aborted
    ? new RegistryError("UNKNOWN", "the client went away", { status: clientGone, cause: error })
    : toRegistryError(error);
  if (known.status >= 500)
    deps.log.error("request failed", {
      method: request?.method,
      path: request && new URL(request.url).pathname,
      error: String(known.cause ?? known),
    });
  const body = known.body();
  return new Response(request?.method === "HEAD" ? null : body, {
    status: known.status,
    headers: {
      ...known.headers,
      "Content-Type": "application/json",
      "Content-Length": String(Buffer.byteLength(body)),
    },
  });
}

function toRegistryError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  if (hasCode(error, "ENOSPC", "EDQUOT"))
    return new RegistryError("UNAVAILABLE", "the registry's disk is full", { status: 507, cause: error });
  return new RegistryError("UNKNOWN", "the registry failed", { cause: error });
}

function logAccess(
  deps: RegistryDeps,
  request: Request,
  server: Server<unknown>,
  response: Response,
  trace: Trace,
  seconds: number,
): void {
  const url = new URL(request.url);
  deps.accessLog.info("request", {
    method: request.method,
    // Signatures and the like travel in queries; the path is what matters.
    path: url.pathname.slice(0, 512),
    status: response.status,
    bytes: Number(response.headers.get("content-length") ?? 0),
    ms: Math.round(seconds * 10_000) / 10,
    remote: server.requestIP(request)?.address,
    user: trace.identity.user ?? undefined,
    agent: request.headers.get("user-agent")?.slice(0, 200),
  });
}
