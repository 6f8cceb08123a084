/**
 * Managed plugins. `phase`: disabled, enabling, enabled or disabling; `timeout` in seconds; `rootfs`: which of the
 * directories of its own is its root filesystem. `plugin_blob`: the manifest that it came by and what that names.
 */
export const plugin = `
CREATE TABLE plugin (
  id              TEXT PRIMARY KEY,
  name            TEXT NOT NULL UNIQUE,
  remote          TEXT NOT NULL,
  phase           TEXT NOT NULL,
  timeout         INTEGER NOT NULL,
  rootfs          TEXT NOT NULL,
  manifest_digest TEXT NOT NULL,
  config_json     TEXT NOT NULL,
  settings_json   TEXT NOT NULL
) STRICT;

CREATE TABLE plugin_blob (
  plugin_id TEXT NOT NULL REFERENCES plugin (id) ON DELETE CASCADE,
  digest    TEXT NOT NULL,
  PRIMARY KEY (plugin_id, digest)
) STRICT;
CREATE INDEX plugin_blob_by_digest ON plugin_blob (digest);
`;
