import type { Client } from "../../../client/client.ts";
import { listNodes } from "../../../client/nodes.ts";
import { engineInfo } from "../../../client/system.ts";
import { CliError } from "../../errors.ts";

/** A node as the engine finds it: `self` is the engine's own. */
export async function nodeReference(client: Client, name: string): Promise<string> {
  if (name !== "self") return name;
  const id = (await engineInfo(client)).Swarm?.NodeID ?? "";
  if (id !== "") return id;
  // An engine that has no node says why when it is asked for all of them.
  await listNodes(client);
  throw new CliError("node ID not found in /info");
}
