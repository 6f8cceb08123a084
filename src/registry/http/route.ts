import type { RegistryContext } from "../context.ts";
import type { Identity } from "../auth/authority.ts";

/**
 * What a caller must be allowed to do before the handler runs. `open`: nothing, credentials are not looked at;
 * `anyone`: nothing, but credentials that come must be right; `user`: have logged in, where there are users; `catalog`: likewise,
 * and a token must be made out for the catalogue.
 */
export type Need = "open" | "anyone" | "user" | "catalog" | "pull" | "push" | "delete";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
  ctx: RegistryContext;
  request: Request;
  url: URL;
  /** Named groups of the route's pattern. `name` has been checked to be a repository's name. */
  params: Record<string, string>;
  identity: Identity;
  /** Takes the server's limit on quiet connections off this request: it does something long without traffic. */
  unhurried(): void;
}

export type Handler = (call: Call) => Response | Promise<Response>;

export interface Route {
  /** For metrics and logs. */
  label: string;
  pattern: RegExp;
  methods: Partial<Record<Method, [Need, Handler]>>;
}

export function param(call: Call, name: string): string {
  return call.params[name] ?? "";
}
