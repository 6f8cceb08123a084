/**
 * Containers and their execs. `running`: 1 while it runs, pauses or restarts; `exited_at`: Unix milliseconds, 0 before
 * the end.
 */
export const container = `
CREATE TABLE container (
  id TEXT PRIMARY KEY,
  name TEXT UNIQUE NOT NULL,
  image_id TEXT,
  created TEXT NOT NULL,
  config_json TEXT NOT NULL,
  state_json TEXT NOT NULL,
  running INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX container_by_image ON container (image_id);

CREATE TABLE exec (
  id TEXT PRIMARY KEY,
  container_id TEXT NOT NULL REFERENCES container (id) ON DELETE CASCADE,
  exec_json TEXT NOT NULL,
  exited_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX exec_by_container ON exec (container_id, exited_at);
CREATE INDEX exec_by_exit ON exec (exited_at) WHERE exited_at > 0;
`;
