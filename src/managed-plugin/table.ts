import type { PluginConfig, PluginSettings } from "../api/types/plugin.ts";
import { requireRoom } from "../store/room.ts";
import type { Store } from "../store/store.ts";
import type { PluginPhase, PluginRecord } from "./record.ts";

/** Queries on the tables `plugin` and `plugin_blob`. */
interface Row {
  id: string;
  name: string;
  remote: string;
  phase: PluginPhase;
  timeout: number;
  rootfs: string;
  manifest_digest: string;
  config_json: string;
  settings_json: string;
}

const columns = "id, name, remote, phase, timeout, rootfs, manifest_digest, config_json, settings_json";

function fromRow(store: Store, row: Row): PluginRecord {
  const config: PluginConfig = JSON.parse(row.config_json);
  const settings: PluginSettings = JSON.parse(row.settings_json);
  const { id, name, remote, phase, timeout, rootfs } = row;
  return {
    ...{ id, name, remote, phase, timeout, rootfs, config, settings },
    manifestDigest: row.manifest_digest,
    blobs: blobsOf(store, id),
  };
}

/** Notes a plugin. Throws SQLite's error where the name is taken, and `internal` where the disk has no room. */
export function insertPlugin(store: Store, plugin: PluginRecord): void {
  requireRoom(store);
  store.transaction(() => {
    store
      .query(`INSERT INTO plugin (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
      .run(
        plugin.id,
        plugin.name,
        plugin.remote,
        plugin.phase,
        plugin.timeout,
        plugin.rootfs,
        plugin.manifestDigest,
        JSON.stringify(plugin.config),
        JSON.stringify(plugin.settings),
      );
    insertBlobs(store, plugin);
  })();
}

/** Replaces all that an upgrade may change: everything but id, name and phase. */
export function replacePlugin(store: Store, plugin: PluginRecord): void {
  requireRoom(store);
  store.transaction(() => {
    store
      .query(
        "UPDATE plugin SET remote = ?, rootfs = ?, manifest_digest = ?, config_json = ?, settings_json = ? " +
          "WHERE id = ?",
      )
      .run(
        plugin.remote,
        plugin.rootfs,
        plugin.manifestDigest,
        JSON.stringify(plugin.config),
        JSON.stringify(plugin.settings),
        plugin.id,
      );
    store.query("DELETE FROM plugin_blob WHERE plugin_id = ?").run(plugin.id);
    insertBlobs(store, plugin);
  })();
}

function insertBlobs(store: Store, { id, blobs }: PluginRecord): void {
  const insert = store.query("INSERT INTO plugin_blob (plugin_id, digest) VALUES (?, ?) ON CONFLICT DO NOTHING");
  for (const digest of blobs) insert.run(id, digest);
}

function blobsOf(store: Store, id: string): string[] {
  return store
    .query<{ digest: string }, [string]>("SELECT digest FROM plugin_blob WHERE plugin_id = ? ORDER BY rowid")
    .all(id)
    .map(({ digest }) => digest);
}

/** Notes how far a plugin is, and with `timeout` how long its calls may take. */
export function updatePhase(store: Store, id: string, phase: PluginPhase, timeout?: number): void {
  store
    .query("UPDATE plugin SET phase = ?, timeout = coalesce(?, timeout) WHERE id = ?")
    .run(phase, timeout ?? null, id);
}

/** Notes what a user has set. */
export function updateSettings(store: Store, id: string, settings: PluginSettings): void {
  requireRoom(store);
  store.query("UPDATE plugin SET settings_json = ? WHERE id = ?").run(JSON.stringify(settings), id);
}

/** Forgets a plugin; no error if there is none. */
export function deletePlugin(store: Store, id: string): void {
  store.query("DELETE FROM plugin WHERE id = ?").run(id);
}

/** The plugin of that whole id; null: there is none. */
export function pluginById(store: Store, id: string): PluginRecord | null {
  const row = store.query<Row, [string]>(`SELECT ${columns} FROM plugin WHERE id = ?`).get(id);
  return row && fromRow(store, row);
}

/** The plugin of that name, which has its tag; null: there is none. */
export function pluginByName(store: Store, name: string): PluginRecord | null {
  const row = store.query<Row, [string]>(`SELECT ${columns} FROM plugin WHERE name = ?`).get(name);
  return row && fromRow(store, row);
}

/** At most two: enough to tell "none", "one" and "ambiguous" apart. */
export function pluginsByIdPrefix(store: Store, prefix: string): PluginRecord[] {
  if (!/^[0-9a-f]+$/.test(prefix)) return [];
  return store
    .query<Row, [string, string]>(`SELECT ${columns} FROM plugin WHERE id >= ? AND id < ? LIMIT 2`)
    .all(prefix, `${prefix}g`)
    .map((row) => fromRow(store, row));
}

/** All plugins, in the order of their names. */
export function allPlugins(store: Store): PluginRecord[] {
  return store
    .query<Row, []>(`SELECT ${columns} FROM plugin ORDER BY name`)
    .all()
    .map((row) => fromRow(store, row));
}

/** Whether a plugin needs the blob. */
export function usesBlob(store: Store, digest: string): boolean {
  return (
    store
      .query<{ used: number }, [string]>("SELECT EXISTS (SELECT 1 FROM plugin_blob WHERE digest = ?) AS used")
      .get(digest)?.used === 1
  );
}
