import type { Node, NodeSpec } from "../../../api/types/swarm.ts";
import { inspectNode, updateNode } from "../../../client/nodes.ts";
import type { CommandDeps } from "../../deps.ts";

/** Changes nodes one after the other. `change` gives the new specification, or null where nothing is to be done. */
export async function changeNodes(
  deps: CommandDeps,
  names: readonly string[],
  change: (node: Node) => NodeSpec | null,
  done: (name: string) => string,
): Promise<void> {
  const client = await deps.client();
  for (const name of names) {
    const node = await inspectNode(client, name);
    const spec = change(node);
    if (spec === null) continue;
    await updateNode(client, node.ID ?? name, node.Version?.Index ?? 0, spec);
    deps.out.write(`${done(name)}\n`);
    await deps.out.flush();
  }
}

/** Gives nodes a role; those that have it are told of and left alone. */
export function setRole(
  deps: CommandDeps,
  names: readonly string[],
  role: "manager" | "worker",
  done: (name: string) => string,
): Promise<void> {
  return changeNodes(
    deps,
    names,
    ({ ID = "", Spec = {} }) => {
      if (Spec.Role !== role) return { ...Spec, Role: role };
      deps.out.write(`Node ${ID} is already a ${role}.\n`);
      return null;
    },
    done,
  );
}
