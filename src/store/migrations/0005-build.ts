/**
 * The build cache: results of build steps by their key, and the directories of `RUN --mount=type=cache`. Times are RFC
 * 3339.
 */
export const build = `
CREATE TABLE build_cache (
  key          TEXT PRIMARY KEY,
  chain_id     TEXT NOT NULL,
  diff_id      TEXT NOT NULL,
  parent       TEXT NOT NULL,
  description  TEXT NOT NULL,
  size         INTEGER NOT NULL,
  created_at   TEXT NOT NULL,
  last_used_at TEXT NOT NULL,
  uses         INTEGER NOT NULL
);
CREATE INDEX build_cache_chain ON build_cache (chain_id);

CREATE TABLE build_cache_mount (
  id           TEXT PRIMARY KEY,
  directory    TEXT NOT NULL,
  created_at   TEXT NOT NULL,
  last_used_at TEXT NOT NULL,
  uses         INTEGER NOT NULL
);
`;
