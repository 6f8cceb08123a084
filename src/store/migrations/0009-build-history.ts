/**
 * Builds that have ended, for clients that ask what became of them. `record`: the message that they are sent, and
 * `size` its bytes with those of the files that it names, which `build_history_file` lists. Times are RFC 3339.
 */
export const buildHistory = `
CREATE TABLE build_history (
  ref        TEXT PRIMARY KEY,
  created_at TEXT NOT NULL,
  pinned     INTEGER NOT NULL DEFAULT 0,
  record     BLOB NOT NULL,
  size       INTEGER NOT NULL
) STRICT;

CREATE TABLE build_history_file (
  ref    TEXT NOT NULL REFERENCES build_history (ref) ON DELETE CASCADE,
  digest TEXT NOT NULL,
  PRIMARY KEY (ref, digest)
) STRICT;
CREATE INDEX build_history_file_digest ON build_history_file (digest);
`;
