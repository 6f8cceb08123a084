import { basename, dirname } from "node:path";
import type { RunMount } from "../../dockerfile/instructions.ts";
import { relaySocket } from "../../session/agent-relay.ts";
import type { MadeMount, Mounting } from "./mounting.ts";

/** `--mount=type=ssh`: a socket that leads to an agent of the client. One that it does not have is left out. */
export async function agentMount(
  { session, refuse, undo }: Mounting,
  mount: RunMount,
  destination: string,
  place: string,
): Promise<MadeMount> {
  const id = mount.id ?? "default";
  const dial = await session.agent(id);
  if (!dial) {
    if (mount.required) throw refuse(`unset ssh forward key ${id}`);
    return {};
  }
  const rights = { mode: mount.mode ?? 0o600, uid: mount.uid ?? 0, gid: mount.gid ?? 0 };
  undo.use(await relaySocket(dirname(place), basename(place), dial, rights));
  return {
    mount: { destination, type: "bind", source: place, options: ["rbind"] },
    env: `SSH_AUTH_SOCK=${destination}`,
  };
}
