import { requireRoom } from "../store/room.ts";
import type { Store } from "../store/store.ts";

/** Queries on the tables `volume`, `container_volume` (who refers) and `volume_mount` (who has it mounted). */
export interface VolumeRecord {
  name: string;
  driver: string;
  created: string;
  anonymous: boolean;
  /** Null: none were named when it was made. */
  labels: Record<string, string> | null;
  /** As {@link labels}. */
  options: Record<string, string> | null;
}

interface Row {
  name: string;
  driver: string;
  created: string;
  anonymous: number;
  labels_json: string;
  options_json: string;
}

const columns = "name, driver, created, anonymous, labels_json, options_json";

function fromRow(row: Row): VolumeRecord {
  const labels: VolumeRecord["labels"] = JSON.parse(row.labels_json);
  const options: VolumeRecord["options"] = JSON.parse(row.options_json);
  return { name: row.name, driver: row.driver, created: row.created, anonymous: row.anonymous === 1, labels, options };
}

/** Notes a volume. Throws `internal` if the disk has no room for it, and SQLite's error if the name is taken. */
export function insertVolume(store: Store, v: VolumeRecord): void {
  requireRoom(store);
  store
    .query(`INSERT INTO volume (${columns}) VALUES (?, ?, ?, ?, ?, ?)`)
    .run(v.name, v.driver, v.created, v.anonymous ? 1 : 0, JSON.stringify(v.labels), JSON.stringify(v.options));
}

/** Notes what a volume is made with now. */
export function updateVolume(store: Store, v: VolumeRecord): void {
  store
    .query("UPDATE volume SET driver = ?, created = ?, anonymous = ?, labels_json = ?, options_json = ? WHERE name = ?")
    .run(v.driver, v.created, v.anonymous ? 1 : 0, JSON.stringify(v.labels), JSON.stringify(v.options), v.name);
}

/** The volume of that name; null: there is none. */
export function volumeByName(store: Store, name: string): VolumeRecord | null {
  const row = store.query<Row, [string]>(`SELECT ${columns} FROM volume WHERE name = ?`).get(name);
  return row && fromRow(row);
}

/** All volumes, ordered by name. */
export function allVolumes(store: Store): VolumeRecord[] {
  return store.query<Row, []>(`SELECT ${columns} FROM volume ORDER BY name`).all().map(fromRow);
}

/** Whether a volume names the driver. */
export function hasVolumeOf(store: Store, driver: string): boolean {
  return (
    store.query<{ name: string }, [string]>("SELECT name FROM volume WHERE driver = ? LIMIT 1").get(driver) !== null
  );
}

/** Notes a volume whose data is under another name still: it is about to move to the volume's own. */
export function insertMovingVolume(store: Store, volume: VolumeRecord, from: string): void {
  store.transaction(() => {
    insertVolume(store, { ...volume, name: from });
    updateRenamingTo(store, from, volume.name);
  })();
}

/** Notes the name that a volume's data moves to; null: none. */
export function updateRenamingTo(store: Store, name: string, newName: string | null): void {
  store.query("UPDATE volume SET renaming_to = ? WHERE name = ?").run(newName, name);
}

/** Renames whose data was moving when the engine was last cut off. */
export function unfinishedRenames(store: Store): { name: string; newName: string }[] {
  return store
    .query<{ name: string; newName: string }, []>(
      "SELECT name, renaming_to AS newName FROM volume WHERE renaming_to IS NOT NULL",
    )
    .all();
}

/** Renames a volume. Foreign keys carry the new name to the rows that refer to it. */
export function updateVolumeName(store: Store, name: string, newName: string): void {
  store.query("UPDATE volume SET name = ?, renaming_to = NULL WHERE name = ?").run(newName, name);
}

/** Deletes a volume's row and all references to it; no error if there is none. */
export function deleteVolume(store: Store, name: string): void {
  store.transaction(() => {
    store.query("DELETE FROM container_volume WHERE volume_name = ?").run(name);
    store.query("DELETE FROM volume_mount WHERE volume_name = ?").run(name);
    store.query("DELETE FROM volume WHERE name = ?").run(name);
  })();
}

/** Notes that a container has the volume at `destination`. Another volume noted at that place is replaced. */
export function insertReference(store: Store, name: string, containerId: string, destination: string): void {
  store
    .query("INSERT OR REPLACE INTO container_volume (container_id, volume_name, destination) VALUES (?, ?, ?)")
    .run(containerId, name, destination);
}

/** Ids of the containers that refer to the volume. */
export function referrers(store: Store, name: string): string[] {
  return store
    .query<{ id: string }, [string]>(
      "SELECT DISTINCT container_id AS id FROM container_volume WHERE volume_name = ? ORDER BY id",
    )
    .all(name)
    .map((row) => row.id);
}

/** How many containers have each volume, by its name. Volumes that none has are missing. */
export function referenceCounts(store: Store): Map<string, number> {
  const rows = store
    .query<{ name: string; count: number }, []>(
      "SELECT volume_name AS name, COUNT(DISTINCT container_id) AS count FROM container_volume GROUP BY volume_name",
    )
    .all();
  return new Map(rows.map((row) => [row.name, row.count]));
}

/** One use of a volume. */
export interface MountRecord {
  name: string;
  /** Who has it mounted: a container, or whoever reads its files. */
  containerId: string;
  /** By which the driver knows this use. */
  mountId: string;
  /** Where a plugin says that the data is; empty: it has not said. */
  path: string;
}

/** Notes that a container has the volume mounted; once is enough, a second time changes nothing. */
export function insertMount(store: Store, name: string, containerId: string, mountId: string): void {
  store
    .query("INSERT OR IGNORE INTO volume_mount (volume_name, container_id, mount_id) VALUES (?, ?, ?)")
    .run(name, containerId, mountId);
}

/** Notes where the data is for one who has the volume mounted. */
export function updateMountPath(store: Store, name: string, containerId: string, path: string): void {
  store
    .query("UPDATE volume_mount SET path = ? WHERE volume_name = ? AND container_id = ?")
    .run(path, name, containerId);
}

/** Begins the names of those who are gone without their driver having heard of it. */
const leftPrefix = "left-";

/** Notes that whoever had the volume mounted needs it no more, and that the driver is still to be told. */
export function updateMountToLeft(store: Store, { name, containerId, mountId }: MountRecord): void {
  store
    .query("UPDATE volume_mount SET container_id = ? WHERE volume_name = ? AND container_id = ?")
    .run(`${leftPrefix}${mountId}`, name, containerId);
}

/** True where only the driver is still to be told. */
export const isLeft = ({ containerId }: MountRecord): boolean => containerId.startsWith(leftPrefix);

/** Forgets that a container has the volume mounted; no error if it was not noted. */
export function deleteMount(store: Store, name: string, containerId: string): void {
  store.query("DELETE FROM volume_mount WHERE volume_name = ? AND container_id = ?").run(name, containerId);
}

/** How many have the volume mounted, `except` not counted. */
export function mountCount(store: Store, name: string, except = ""): number {
  const row = store
    .query<{ count: number }, [string, string]>(
      "SELECT COUNT(*) AS count FROM volume_mount WHERE volume_name = ? AND container_id <> ?",
    )
    .get(name, except);
  return row?.count ?? 0;
}

/** Names of those begin so who have a volume mounted and are no container: who copies its files. */
export const copyPrefix = "copy-";

/** Who copies files of the volume at the moment. */
export function copiers(store: Store, name: string): string[] {
  return store
    .query<{ id: string }, [string, string]>(
      "SELECT container_id AS id FROM volume_mount WHERE volume_name = ? AND container_id LIKE ? ORDER BY id",
    )
    .all(name, `${copyPrefix}%`)
    .map((row) => row.id);
}

const mountColumns = "volume_name AS name, container_id AS containerId, mount_id AS mountId, path";

/** Every volume that is noted as mounted, once for each container. */
export function allMounts(store: Store): MountRecord[] {
  return store.query<MountRecord, []>(`SELECT ${mountColumns} FROM volume_mount`).all();
}

/** Who has the volume mounted. */
export function mountsOf(store: Store, name: string): MountRecord[] {
  return store.query<MountRecord, [string]>(`SELECT ${mountColumns} FROM volume_mount WHERE volume_name = ?`).all(name);
}
