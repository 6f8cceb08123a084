import type { CommandContext } from "./context.ts";
import { currentContext } from "./engine.ts";

/** The name of the context in use. */
export function contextName({ env, globals, configDir, config }: CommandContext): Promise<string> {
  return currentContext({ env, globals, given: new Set(), configDir, config });
}
