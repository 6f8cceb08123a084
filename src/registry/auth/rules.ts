import type { AccessRule } from "../options.ts";
import { matchesName } from "../patterns.ts";
import type { Action } from "./authority.ts";

/** Who may do what. `access` empty: whoever has logged in may do everything; `anonymousPull`: everybody may pull. */
export interface Rules {
  access: readonly AccessRule[];
  anonymousPull: boolean;
}

/**
 * What the rules give a user (null: nobody in particular). Rules only ever add; without any, whoever has logged in may
 * do everything. `{user}` in a repository pattern is the user's own name.
 */
export function allows(
  { access, anonymousPull }: Rules,
  user: string | null,
  repository: string,
  action: Action,
): boolean {
  if (anonymousPull && action === "pull") return true;
  if (access.length === 0) return user !== null;
  return access.some(({ users, repositories, actions }) => {
    const meant = users.includes("anonymous") || (user !== null && (users.includes("*") || users.includes(user)));
    if (!meant || !actions.includes(action)) return false;
    const patterns = repositories
      .filter((pattern) => user !== null || !pattern.includes("{user}"))
      .map((pattern) => pattern.replaceAll("{user}", literal(user ?? "")));
    return matchesName(patterns, repository);
  });
}

/** A user's name must not become a pattern. */
function literal(user: string): string {
  return user.replace(/[*?]/g, "-");
}
