import type { Client } from "../../../client/client.ts";
import { inspectNode } from "../../../client/nodes.ts";
import { inspectSwarm } from "../../../client/swarm.ts";

export type Role = "worker" | "manager";

/** What to call on a machine so that it joins by way of the manager that is asked. */
export async function joinCommands(
  client: Client,
  program: string,
  nodeId: string,
  roles: readonly Role[],
): Promise<string> {
  const { ManagerStatus } = await inspectNode(client, nodeId);
  const { JoinTokens } = await inspectSwarm(client);
  if (!ManagerStatus) return "";
  const tokens = { worker: JoinTokens?.Worker ?? "", manager: JoinTokens?.Manager ?? "" };
  return roles
    .map(
      (role) =>
        `To add a ${role} to this swarm, run the following command:\n\n` +
        `    ${program} swarm join --token ${tokens[role]} ${ManagerStatus.Addr ?? ""}\n\n`,
    )
    .join("");
}

/** What to do with the key that unlocks managers; nothing where there is none. */
export function unlockCommand(program: string, key: string): string {
  if (key === "") return "";
  return (
    `To unlock a swarm manager after it restarts, run the \`${program} swarm unlock\`\n` +
    `command and provide the following key:\n\n    ${key}\n\n` +
    "Remember to store this key in a password manager, since without it you\nwill not be able to restart the manager.\n"
  );
}
