import type { Identity } from "../auth/authority.ts";
import type { RegistryDeps } from "../deps.ts";

/**
 * What a caller must be allowed to do before the handler runs. `open`: nothing, credentials are not looked at;
 * `anyone`: nothing, but credentials that come must be right; `user`: have logged in, where there are users; `catalog`:
 * likewise, and a token must be made out for the catalogue.
 */
export type Need = "open" | "anyone" | "user" | "catalog" | "pull" | "push" | "delete";

/** The HTTP methods that routes can answer. */
export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One request on its way to its handler, with its caller known and allowed. */
export interface Call {
  deps: RegistryDeps;
  request: Request;
  url: URL;
  /** Named groups of the route's pattern. `name` has been checked to be a repository's name. */
  params: Record<string, string>;
  identity: Identity;
  /** Takes the server's limit on quiet connections off this request: it does something long without traffic. */
  unhurried(): void;
}

/** Answers a request. It may throw: the error becomes the answer ({@link RegistryError} with its own status). */
export type Handler = (call: Call) => Response | Promise<Response>;

/** A path of the API, with what each method needs and does. Other methods get UNSUPPORTED (405). */
export interface Route {
  /** For metrics and logs. */
  label: string;
  pattern: RegExp;
  methods: Partial<Record<Method, [Need, Handler]>>;
}

/** A named group of the route's pattern; empty if it is not there. */
export function param(call: Call, name: string): string {
  return call.params[name] ?? "";
}
