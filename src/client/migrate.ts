import type { ProgressEvent } from "../api/progress.ts";
import type { MigrateRequest } from "../api/schema/migrate.ts";
import type { Client } from "./client.ts";
import { progress } from "./progress.ts";

/**
 * The engine's own: takes over what a stopped dockerd has left. `aux` of the events is a `MigrationAux`.
 */
export function migrateDocker(client: Client, request: MigrateRequest): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", "/berth/migrate/docker", { json: request });
}
