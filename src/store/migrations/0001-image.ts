/**
 * `image` has names in `image_name` and layers in `image_layer`; `layer` is what the snapshotter holds, `layer_blob`
 * the archives that a layer is known to come from or to have been packed into; `rootfs` the writable root filesystems
 * of containers. `unsynced_boot`: the boot id of the machine while a layer's files may not be on disk yet. `lease`
 * keeps things that nothing names yet, while a pull, load or build is under way (`open`), and for `keep_ms` after it.
 */
export const image = `
CREATE TABLE image (
  id TEXT PRIMARY KEY,
  created TEXT NOT NULL,
  size INTEGER NOT NULL,
  parent_id TEXT NOT NULL DEFAULT '',
  manifest_digest TEXT,
  last_tagged TEXT NOT NULL DEFAULT '',
  config_json TEXT NOT NULL
);

CREATE TABLE image_name (
  name TEXT PRIMARY KEY,
  image_id TEXT NOT NULL REFERENCES image (id),
  repository TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('tag', 'digest')),
  digest TEXT
);
CREATE INDEX image_name_by_image ON image_name (image_id);

CREATE TABLE layer (
  chain_id TEXT PRIMARY KEY,
  parent_chain_id TEXT REFERENCES layer (chain_id),
  diff_id TEXT NOT NULL,
  size INTEGER NOT NULL,
  unsynced_boot TEXT
);
CREATE INDEX layer_by_parent ON layer (parent_chain_id);

CREATE TABLE image_layer (
  image_id TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  chain_id TEXT NOT NULL REFERENCES layer (chain_id),
  PRIMARY KEY (image_id, position)
);
CREATE INDEX image_layer_by_chain ON image_layer (chain_id);

CREATE TABLE image_blob (
  image_id TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
  digest TEXT NOT NULL,
  PRIMARY KEY (image_id, digest)
);
CREATE INDEX image_blob_by_digest ON image_blob (digest);

CREATE TABLE layer_blob (
  diff_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (diff_id, digest)
);
CREATE INDEX layer_blob_by_digest ON layer_blob (digest);

CREATE TABLE blob_source (
  digest TEXT NOT NULL,
  repository TEXT NOT NULL,
  PRIMARY KEY (digest, repository)
);

CREATE TABLE rootfs (
  container_id TEXT PRIMARY KEY,
  image_id TEXT,
  chain_id TEXT REFERENCES layer (chain_id),
  volatile INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX rootfs_by_chain ON rootfs (chain_id);

CREATE TABLE lease (
  id TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  keep_ms INTEGER NOT NULL DEFAULT 0,
  open INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE lease_item (
  lease_id TEXT NOT NULL REFERENCES lease (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('blob', 'layer', 'snapshot')),
  key TEXT NOT NULL,
  PRIMARY KEY (lease_id, kind, key)
);
CREATE INDEX lease_item_by_key ON lease_item (kind, key);
`;
