import { EngineError, errorKind, errorMessage, invalid } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import { isNameTaken, nameConflict } from "./create.ts";
import { publish } from "./events.ts";
import { lockContainer } from "./lookup.ts";
import { isValidName } from "./names.ts";
import { updateName } from "./table.ts";

export async function renameContainer(ctx: ContainerContext, ref: string, newName: string): Promise<void> {
  const name = newName.trim().replace(/^\//, "");
  if (!ref.trim().replace(/^\//, "") || !name) throw invalid("Neither old nor new names may be empty");
  using held = await lockContainer(ctx, ref.trim());
  const c = held.container;
  const oldName = c.name;
  if (name === oldName) throw invalid("Renaming a container with the same name as its current name");
  try {
    if (!isValidName(name)) throw invalid(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    try {
      updateName(ctx.store, c.id, name);
    } catch (error) {
      throw isNameTaken(error) ? nameConflict(ctx, name) : error;
    }
  } catch (cause) {
    throw new EngineError(errorKind(cause), `Error when allocating new name: ${errorMessage(cause)}`, { cause });
  }
  c.name = name;
  publish(ctx, c, "rename", { oldName: `/${oldName}` });
}
