import { EngineError, errorKind, errorMessage, invalid } from "../../lib/errors.ts";
import { isNameTaken, nameConflict } from "../create/create.ts";
import { isValidName } from "../create/names.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { lockContainer } from "../lookup.ts";
import type { ContainerRecord } from "../record.ts";
import { setState } from "../state.ts";
import { updateName } from "../table.ts";

/**
 * Gives the container another name, on its networks too. Throws `invalid` on an empty or unchanged name, and `conflict`
 * where another container has it.
 */
export async function renameContainer(deps: ContainerDeps, ref: string, newName: string): Promise<void> {
  const name = newName.trim().replace(/^\//, "");
  if (!ref.trim().replace(/^\//, "") || !name) throw invalid("Neither old nor new names may be empty");
  using held = await lockContainer(deps, ref.trim());
  const c = held.container;
  const oldName = c.name;
  if (name === oldName) throw invalid("Renaming a container with the same name as its current name");
  // In one step: neither a failure nor a crash leaves it with one name here and another on its networks.
  deps.store.transaction(() => {
    takeName(deps, c, name);
    renameOnNetwork(deps, c);
  })();
  publish(deps, c, "rename", { oldName: `/${oldName}` });
}

function takeName(deps: ContainerDeps, c: ContainerRecord, name: string): void {
  try {
    if (!isValidName(name))
      throw invalid(`Invalid container name (/${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    try {
      updateName(deps.store, c.id, name);
    } catch (error) {
      throw isNameTaken(error) ? nameConflict(deps, name) : error;
    }
  } catch (cause) {
    throw new EngineError(errorKind(cause), `Error when allocating new name: ${errorMessage(cause)}`, { cause });
  }
  c.name = name;
}

/** Other containers find it by its new name at once. */
function renameOnNetwork(deps: ContainerDeps, c: ContainerRecord): void {
  deps.networks.rename(c.id, c.name);
  const sandbox = deps.networks.describe(c.id);
  if (sandbox) setState(deps, c, { network: sandbox.settings });
}
