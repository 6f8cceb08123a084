import type { Client } from "./client.ts";

const path = (container: string) => `/containers/${encodeURIComponent(container)}/checkpoints`;

/** Saves a running container's state. `CheckpointDir` empty: the engine's own folder; `Exit`: stop it afterwards. */
export async function createCheckpoint(
  client: Client,
  container: string,
  checkpoint: { CheckpointID: string; CheckpointDir: string; Exit: boolean },
): Promise<void> {
  await client.text("POST", path(container), { json: checkpoint });
}

/** Names of a container's checkpoints in `dir`, a folder of the engine's host; empty: the engine's own. */
export async function listCheckpoints(client: Client, container: string, dir: string): Promise<{ Name: string }[]> {
  return (await client.json<{ Name: string }[] | null>("GET", path(container), { query: { dir } })) ?? [];
}

/** Deletes the checkpoint `id` from `dir`, a folder of the engine's host; empty: the engine's own. */
export async function removeCheckpoint(client: Client, container: string, id: string, dir: string): Promise<void> {
  await client.text("DELETE", `${path(container)}/${encodeURIComponent(id)}`, { query: { dir } });
}
