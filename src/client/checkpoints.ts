import type { Client } from "./client.ts";

const path = (container: string) => `/containers/${encodeURIComponent(container)}/checkpoints`;

export async function createCheckpoint(client: Client, container: string, checkpoint: { CheckpointID: string; CheckpointDir: string; Exit: boolean }): Promise<void> {
  await client.text("POST", path(container), { json: checkpoint });
}

export async function listCheckpoints(client: Client, container: string, dir: string): Promise<{ Name: string }[]> {
  return (await client.json<{ Name: string }[] | null>("GET", path(container), { query: { dir } })) ?? [];
}

export async function removeCheckpoint(client: Client, container: string, id: string, dir: string): Promise<void> {
  await client.text("DELETE", `${path(container)}/${encodeURIComponent(id)}`, { query: { dir } });
}
