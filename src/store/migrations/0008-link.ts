/**
 * Links of the default bridge: `child_id` is `/<name of parent_id>/<alias>` too. They go with the parent; that the
 * child was removed shows by `child_name`, the last name it had. In the order of their making.
 */
export const link = `
CREATE TABLE link (
  parent_id TEXT NOT NULL REFERENCES container (id) ON DELETE CASCADE,
  alias TEXT NOT NULL,
  child_id TEXT NOT NULL,
  child_name TEXT,
  PRIMARY KEY (parent_id, alias)
) STRICT;
CREATE INDEX link_by_child ON link (child_id);

INSERT OR IGNORE INTO link (parent_id, alias, child_id)
  SELECT container.id, json_extract(each.value, '$.alias'), json_extract(each.value, '$.containerId')
  FROM container, json_each(config_json, '$.links') AS each ORDER BY container.rowid, each.key;
UPDATE container SET config_json = json_remove(config_json, '$.links');
`;
