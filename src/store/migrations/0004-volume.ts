/**
 * `container_volume`: who refers to a volume (from create to remove). `volume_mount`: who has it mounted (from start to
 * exit).
 */
export const volume = `
CREATE TABLE volume (
  name TEXT PRIMARY KEY,
  driver TEXT NOT NULL,
  created TEXT NOT NULL,
  anonymous INTEGER NOT NULL DEFAULT 0,
  labels_json TEXT NOT NULL,
  options_json TEXT NOT NULL
);

CREATE TABLE container_volume (
  container_id TEXT NOT NULL REFERENCES container (id) ON DELETE CASCADE,
  volume_name TEXT NOT NULL REFERENCES volume (name) ON UPDATE CASCADE,
  destination TEXT NOT NULL,
  PRIMARY KEY (container_id, destination)
);
CREATE INDEX container_volume_by_volume ON container_volume (volume_name);

CREATE TABLE volume_mount (
  volume_name TEXT NOT NULL REFERENCES volume (name) ON UPDATE CASCADE,
  container_id TEXT NOT NULL,
  PRIMARY KEY (volume_name, container_id)
);
`;
