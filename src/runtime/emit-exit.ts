import { errorMessage } from "../lib/errors.ts";
import type { RuntimeDeps, TaskExit } from "./deps.ts";

/** Tells every listener; one that throws does not keep it from the others. */
export function emitExit(deps: RuntimeDeps, exit: TaskExit): void {
  for (const listener of deps.exitListeners) {
    try {
      listener(exit);
    } catch (error) {
      deps.log.error("a listener to exits failed", { id: exit.id, error: errorMessage(error) });
    }
  }
}
