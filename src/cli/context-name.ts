import type { CommandDeps } from "./deps.ts";
import { currentContext } from "./engine.ts";

/** The name of the context in use. */
export function contextName({ env, globals, configDir, config }: CommandDeps): Promise<string> {
  return currentContext({ env, globals, given: new Set(), configDir, config });
}
