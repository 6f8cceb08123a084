import type { MigrationAux, MigrationItem } from "../../src/api/types/migrate.ts";
import type { Daemon } from "../harness.ts";

/** Asks a daemon to take things over; how each of them went, and what the whole failed by. */
export async function migrate(
  daemon: Daemon,
  request: { From: string; [field: string]: unknown },
): Promise<{ items: MigrationItem[]; error: string }> {
  const { text } = await daemon.api("POST", "/berth/migrate/docker", request);
  const events: { aux?: MigrationAux; error?: string; message?: string }[] = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const items = new Map<string, MigrationItem>();
  for (const { aux } of events)
    for (const item of aux ? ("Plan" in aux ? aux.Plan.Items : [aux.Item]) : [])
      items.set(`${item.Kind} ${item.ID || item.Name}`, item);
  return { items: [...items.values()], error: events.map(({ error, message }) => error ?? message ?? "").join("") };
}

/** What became of each, by kind and name. */
export const states = (items: MigrationItem[]) =>
  Object.fromEntries(items.map(({ Kind, Name, State }) => [`${Kind} ${Name}`, State]));
