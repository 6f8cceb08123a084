import { requireRoom } from "../store/room.ts";
import type { Store } from "../store/store.ts";
import { insertLinks, type LinkRecord, noteLinkedName } from "./link-table.ts";
import { type ContainerRecord, type ContainerSpec, countsAsRunning, type RunState } from "./record.ts";

/**
 * Queries on the tables `container` and `exec`. Every call reads or writes the database itself: there is no other copy.
 */

interface Row {
  id: string;
  name: string;
  image_id: string | null;
  created: string;
  config_json: string;
  state_json: string;
}

const columns = "id, name, image_id, created, config_json, state_json";

function fromRow(row: Row): ContainerRecord {
  const spec: ContainerSpec = JSON.parse(row.config_json);
  const state: RunState = JSON.parse(row.state_json);
  return { id: row.id, name: row.name, imageId: row.image_id, created: row.created, spec, state };
}

/** With its links. Throws a constraint error where the id or the name is taken. */
export function insertContainer(store: Store, c: ContainerRecord, links: readonly LinkRecord[]): void {
  requireRoom(store);
  store.transaction(() => {
    store
      .query(`INSERT INTO container (${columns}, running) VALUES (?, ?, ?, ?, ?, ?, ?)`)
      .run(
        c.id,
        c.name,
        c.imageId,
        c.created,
        JSON.stringify(c.spec),
        JSON.stringify(c.state),
        countsAsRunning(c.state) ? 1 : 0,
      );
    insertLinks(store, c.id, links);
  })();
}

/** Takes the full id only; null: there is no such container. */
export function containerById(store: Store, id: string): ContainerRecord | null {
  const row = store.query<Row, [string]>(`SELECT ${columns} FROM container WHERE id = ?`).get(id);
  return row && fromRow(row);
}

/** Takes the exact name, without a slash before it; null: there is no such container. */
export function containerByName(store: Store, name: string): ContainerRecord | null {
  const row = store.query<Row, [string]>(`SELECT ${columns} FROM container WHERE name = ?`).get(name);
  return row && fromRow(row);
}

/** At most two: enough to tell "none", "one" and "ambiguous" apart. */
export function containersByIdPrefix(store: Store, prefix: string): ContainerRecord[] {
  if (!/^[0-9a-f]+$/.test(prefix)) return [];
  return store
    .query<Row, [string, string]>(`SELECT ${columns} FROM container WHERE id >= ? AND id < ? LIMIT 2`)
    .all(prefix, `${prefix}g`)
    .map(fromRow);
}

/** Newest first. */
export function allContainers(store: Store): ContainerRecord[] {
  return store.query<Row, []>(`SELECT ${columns} FROM container ORDER BY created DESC, rowid DESC`).all().map(fromRow);
}

/** Newest first; those that run, pause or restart. */
export function runningContainers(store: Store): ContainerRecord[] {
  return store
    .query<Row, []>(`SELECT ${columns} FROM container WHERE running = 1 ORDER BY created DESC, rowid DESC`)
    .all()
    .map(fromRow);
}

/** A container that was made of the image, or has it mounted, those that run first; undefined where there is none. */
export function userOfImage(
  store: Store,
  imageId: string,
  which: "running" | "stopped" | "any",
): { id: string } | undefined {
  const condition = { running: "AND running = 1", stopped: "AND running = 0", any: "" }[which];
  return (
    store
      .query<{ id: string }, [string]>(
        `SELECT id FROM container WHERE (image_id = ?1 OR EXISTS (
       SELECT 1 FROM json_each(config_json, '$.mounts') AS mount
       WHERE mount.value ->> '$.type' = 'image' AND mount.value ->> '$.name' = ?1
     )) ${condition} ORDER BY running DESC, created LIMIT 1`,
      )
      .get(imageId) ?? undefined
  );
}

/** The image references from which an image's containers were created, as the requests had them. */
export function imageNamesUsed(store: Store, imageId: string): string[] {
  const rows = store
    .query<{ name: string | null }, [string]>(
      "SELECT DISTINCT config_json ->> '$.config.Image' AS name FROM container WHERE image_id = ?",
    )
    .all(imageId);
  return rows.flatMap(({ name }) => name || []);
}

/** Ids of the containers that were made of the image, oldest first. */
export function containersOfImage(store: Store, imageId: string): string[] {
  return store
    .query<{ id: string }, [string]>("SELECT id FROM container WHERE image_id = ? ORDER BY created")
    .all(imageId)
    .map(({ id }) => id);
}

/** How many containers were made of each image. */
export function countsByImage(store: Store): Map<string, number> {
  const rows = store
    .query<{ image_id: string; n: number }, []>(
      "SELECT image_id, count(*) AS n FROM container WHERE image_id IS NOT NULL GROUP BY image_id",
    )
    .all();
  return new Map(rows.map((row) => [row.image_id, row.n]));
}

/** Replaces the whole state. Does nothing where there is no such container. */
export function updateState(store: Store, id: string, state: RunState): void {
  store
    .query("UPDATE container SET state_json = ?, running = ? WHERE id = ?")
    .run(JSON.stringify(state), countsAsRunning(state) ? 1 : 0, id);
}

/** Replaces the whole specification. Does nothing where there is no such container. */
export function updateSpec(store: Store, id: string, spec: ContainerSpec): void {
  store.query("UPDATE container SET config_json = ? WHERE id = ?").run(JSON.stringify(spec), id);
}

/** Throws a constraint error where the name is taken. */
export function updateName(store: Store, id: string, name: string): void {
  store.query("UPDATE container SET name = ? WHERE id = ?").run(name, id);
}

/** Removes the container's row, and with it its execs; links that lead to it keep its name. */
export function deleteContainer(store: Store, id: string): void {
  store.transaction(() => {
    noteLinkedName(store, id);
    store.query("DELETE FROM container WHERE id = ?").run(id);
  })();
}

/** One `docker exec`: kept for as long as its container lives, at most until the sweep after its end. */
export interface ExecRecord {
  id: string;
  containerId: string;
  cmd: string[];
  env: string[];
  /** Variables that tell of the containers linked to. Absent from execs of older engines. */
  linkEnv?: string[];
  /** Of the request, else the container's. */
  user: string;
  workingDir: string;
  tty: boolean;
  privileged: boolean;
  attachStdin: boolean;
  attachStdout: boolean;
  attachStderr: boolean;
  detachKeys: string;
  /** Rows and columns. */
  consoleSize: number[] | null;
  /** created → running → exited; `pid` is 0 before it runs. */
  phase: "created" | "running" | "exited";
  pid: number;
  exitCode: number | null;
  /** Unix milliseconds; 0 before. */
  exitedAt: number;
}

function fromExecRow(row: { exec_json: string }): ExecRecord {
  const exec: ExecRecord = JSON.parse(row.exec_json);
  return exec;
}

/**
 * Throws `internal` where the disk is full (see {@link requireRoom}), and SQLite's error where there is no such
 * container.
 */
export function insertExec(store: Store, exec: ExecRecord): void {
  requireRoom(store);
  store
    .query("INSERT INTO exec (id, container_id, exec_json) VALUES (?, ?, ?)")
    .run(exec.id, exec.containerId, JSON.stringify(exec));
}

/** Takes the full id only; null: there is no such exec, or it was swept away after its end. */
export function execById(store: Store, id: string): ExecRecord | null {
  const row = store.query<{ exec_json: string }, [string]>("SELECT exec_json FROM exec WHERE id = ?").get(id);
  return row && fromExecRow(row);
}

/** Those of a container that have not ended. */
export function openExecs(store: Store, containerId: string): ExecRecord[] {
  return store
    .query<{ exec_json: string }, [string]>(
      "SELECT exec_json FROM exec WHERE container_id = ? AND exited_at = 0 ORDER BY rowid",
    )
    .all(containerId)
    .map(fromExecRow);
}

/** Forgets those that were noted but never started: their container has ended. */
export function forgetIdleExecs(store: Store, containerId: string): void {
  store
    .query("DELETE FROM exec WHERE container_id = ? AND json_extract(exec_json, '$.phase') = 'created'")
    .run(containerId);
}

/** Replaces the whole record. Does nothing where there is no such exec. */
export function updateExec(store: Store, exec: ExecRecord): void {
  store
    .query("UPDATE exec SET exec_json = ?, exited_at = ? WHERE id = ?")
    .run(JSON.stringify(exec), exec.exitedAt, exec.id);
}

/** Forgets those that ended before a time in Unix milliseconds. */
export function sweepExecs(store: Store, before: number): void {
  store.query("DELETE FROM exec WHERE exited_at > 0 AND exited_at < ?").run(before);
}
