import type { ApiVersion } from "../compat/version.ts";
import type { ServerDeps } from "../deps.ts";
import type { RequestBody } from "./body.ts";
import type { Query } from "./query.ts";
import type { Reply } from "./reply.ts";

/** A request that found its route. */
export interface ApiRequest {
  method: string;
  /** Decoded, without the version. */
  path: string;
  /** The names in the route's path. */
  params: Record<string, string>;
  query: Query;
  /** Names in lower case. */
  headers: ReadonlyMap<string, string>;
  version: ApiVersion;
  body: RequestBody;
  /** Aborted when the client leaves before the answer is out. */
  signal: AbortSignal;
}

/** Decodes, calls one verb, encodes. */
export type Handler = (deps: ServerDeps, request: ApiRequest) => Reply | Promise<Reply>;

/** One operation of the API: a method and a path, and what answers it. */
export interface Route {
  /** The operation's name in the API reference; transforms for older clients go by it. */
  id: string;
  method: string;
  /** `/containers/{id}/json`; `{name:*}` also takes slashes. */
  path: string;
  /** Older clients are refused. */
  since?: string;
  handle: Handler;
}

interface Entry {
  route: Route;
  pattern: RegExp;
  names: string[];
}

/** Finds the route of a method and path. Those without names in them come first. */
export class Router {
  readonly #exact = new Map<string, Route>();
  /** By method and first part of the path. */
  readonly #patterns = new Map<string, Entry[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      if (!route.path.includes("{")) {
        this.#exact.set(`${route.method} ${route.path}`, route);
        continue;
      }
      const names: string[] = [];
      const source = route.path.replace(
        /\{(\w+)(:\*)?\}|[.*+?^${}()|[\]\\]/g,
        (found, name: string | undefined, deep: string | undefined) => {
          if (name === undefined) return `\\${found}`;
          names.push(name);
          return deep ? "(.+)" : "([^/]+)";
        },
      );
      const key = bucket(route.method, route.path);
      const entries = this.#patterns.get(key) ?? [];
      entries.push({ route, pattern: new RegExp(`^${source}$`, "s"), names });
      this.#patterns.set(key, entries);
    }
  }

  find(method: string, path: string): { route: Route; params: Record<string, string> } | null {
    const exact = this.#exact.get(`${method} ${path}`);
    if (exact) return { route: exact, params: {} };
    for (const { route, pattern, names } of this.#patterns.get(bucket(method, path)) ?? []) {
      const match = pattern.exec(path);
      if (match) return { route, params: Object.fromEntries(names.map((name, i) => [name, match[i + 1] ?? ""])) };
    }
    return null;
  }
}

function bucket(method: string, path: string): string {
  return `${method} ${path.slice(0, path.indexOf("/", 1))}`;
}
