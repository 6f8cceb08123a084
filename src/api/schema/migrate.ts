/** What clients send to have things of another engine taken over: the engine's own, no request of Docker's. */
import { boolean, type Infer, string, strings, struct } from "./schema.ts";

/** Body of `POST /berth/migrate/docker`. Each field may be absent or null. */
export type MigrateRequest = Infer<typeof migrateRequest>;
/** Reads a {@link MigrateRequest}. Throws `invalid`, with the field's name. */
export const migrateRequest = struct({
  /** Docker's data root; absent: the one that its configuration file names, or its usual place. */
  From: string,
  /** The data root of the containerd whose image store Docker has used; absent: Docker's own, or the usual one. */
  Containerd: string,
  /** Say what would come, and take nothing. */
  DryRun: boolean,
  /** Kinds to take; none is true: all. */
  Images: boolean,
  Volumes: boolean,
  Networks: boolean,
  Containers: boolean,
  /** Things to take, by name or id, and what containers among them need; none: all. */
  Names: strings,
  /** Share no blocks and no files with Docker's. */
  Copy: boolean,
  /** Move the data of volumes away from Docker instead of copying it. */
  Move: boolean,
  /** Start the containers that Docker would start with itself. */
  Start: boolean,
});
