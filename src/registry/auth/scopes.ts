import type { Scope } from "./authority.ts";

/** `repository:team/app:pull,push`, several of them separated by spaces; what is malformed is left out. */
export function parseScopes(texts: readonly string[]): Scope[] {
  return texts
    .flatMap((text) => text.split(" "))
    .slice(0, 100)
    .flatMap((text): Scope[] => {
      // The name may hold a colon, of a registry's port.
      const match = /^([a-z0-9]+)(?:\([a-z0-9]+\))?:(.+):([a-z*,]+)$/.exec(text);
      if (!match) return [];
      const [, type = "", name = "", actions = ""] = match;
      return [{ type, name, actions: actions.split(",").filter((action) => action !== "") }];
    });
}

/** A scope as it stands in a token request: `repository:team/app:pull,push`. */
export function formatScope({ type, name, actions }: Scope): string {
  return `${type}:${name}:${actions.join(",")}`;
}

/** True if one of the scopes has this type and name, and the action or `*`. */
export function hasScope(scopes: readonly Scope[], type: string, name: string, action: string): boolean {
  return scopes.some(
    (scope) =>
      scope.type === type && scope.name === name && (scope.actions.includes(action) || scope.actions.includes("*")),
  );
}
