import { errorMessage } from "../lib/errors.ts";
import type { RuntimeContext, TaskExit } from "./context.ts";

/** Tells every listener; one that throws does not keep it from the others. */
export function emitExit(ctx: RuntimeContext, exit: TaskExit): void {
  for (const listener of ctx.exitListeners) {
    try {
      listener(exit);
    } catch (error) {
      ctx.log.error("a listener to exits failed", { id: exit.id, error: errorMessage(error) });
    }
  }
}
