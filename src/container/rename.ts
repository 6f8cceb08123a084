import { EngineError, errorKind, errorMessage, invalid } from "../lib/errors.ts";
import { renameSandbox } from "../network/rename.ts";
import { describeSandbox } from "../network/sandbox.ts";
import { sandboxOf } from "../network/table.ts";
import type { ContainerContext } from "./context.ts";
import { isNameTaken, nameConflict } from "./create.ts";
import { publish } from "./events.ts";
import { lockContainer } from "./lookup.ts";
import { isValidName } from "./names.ts";
import type { ContainerRecord } from "./record.ts";
import { setState } from "./state.ts";
import { updateName } from "./table.ts";

export async function renameContainer(ctx: ContainerContext, ref: string, newName: string): Promise<void> {
  const name = newName.trim().replace(/^\//, "");
  if (!ref.trim().replace(/^\//, "") || !name) throw invalid("Neither old nor new names may be empty");
  using held = await lockContainer(ctx, ref.trim());
  const c = held.container;
  const oldName = c.name;
  if (name === oldName) throw invalid("Renaming a container with the same name as its current name");
  try {
    if (!isValidName(name)) throw invalid(`Invalid container name (/${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    try {
      updateName(ctx.store, c.id, name);
    } catch (error) {
      throw isNameTaken(error) ? nameConflict(ctx, name) : error;
    }
  } catch (cause) {
    throw new EngineError(errorKind(cause), `Error when allocating new name: ${errorMessage(cause)}`, { cause });
  }
  c.name = name;
  renameOnNetwork(ctx, c);
  publish(ctx, c, "rename", { oldName: `/${oldName}` });
}

/** Other containers find it by its new name at once. */
function renameOnNetwork(ctx: ContainerContext, c: ContainerRecord): void {
  renameSandbox(ctx.networks, c.id, c.name);
  const sandbox = sandboxOf(ctx.store, c.id);
  if (sandbox) setState(ctx, c, { network: describeSandbox(ctx.networks, sandbox).settings });
}
