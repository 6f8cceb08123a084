import type { Store } from "../store/store.ts";

/** Queries on the table `link`: links of the default bridge, by id so that a rename does not cut them. */

/** A `--link` of a container (the parent) to another (the child), as the table `link` keeps it. */
export interface LinkRecord {
  /** What it adds to the parent's name, without slash at its ends: `db`, rarely `a/db`. */
  alias: string;
  childId: string;
}

/** In the order of their making. Of two with one alias the first holds. */
export function insertLinks(store: Store, parentId: string, links: readonly LinkRecord[]): void {
  const insert = store.query("INSERT OR IGNORE INTO link (parent_id, alias, child_id) VALUES (?, ?, ?)");
  for (const { alias, childId } of links) insert.run(parentId, alias, childId);
}

/** A container's links to others, also to those that are gone since; `childName` is then the last that they had. */
export function linksOf(store: Store, parentId: string): (LinkRecord & { childName: string })[] {
  return store
    .query<LinkRecord & { childName: string }, [string]>(`
    SELECT link.alias, link.child_id AS childId,
      coalesce(container.name, link.child_name, substr(link.child_id, 1, 12)) AS childName
    FROM link LEFT JOIN container ON container.id = link.child_id WHERE link.parent_id = ? ORDER BY link.rowid
  `)
    .all(parentId);
}

/** Id of the container that a link leads to, there or not. */
export function linkedId(store: Store, parentName: string, alias: string): string | null {
  const row = store
    .query<{ child_id: string }, [string, string]>(
      "SELECT child_id FROM link WHERE parent_id = (SELECT id FROM container WHERE name = ?) AND alias = ?",
    )
    .get(parentName, alias);
  return row?.child_id ?? null;
}

/** Names that links give, `parent/alias`, by the id of the container that they give them to. */
export function linkNames(store: Store): Map<string, string[]> {
  const names = new Map<string, string[]>();
  const rows = store
    .query<{ child_id: string; name: string }, []>(
      "SELECT child_id, container.name || '/' || alias AS name FROM link JOIN container ON container.id = parent_id",
    )
    .all();
  for (const { child_id, name } of rows) names.set(child_id, [...(names.get(child_id) ?? []), name]);
  return names;
}

/** Ids of the containers that have links to this one. */
export function linkParents(store: Store, childId: string): string[] {
  return store
    .query<{ parent_id: string }, [string]>("SELECT DISTINCT parent_id FROM link WHERE child_id = ?")
    .all(childId)
    .map((row) => row.parent_id);
}

/** Does nothing where the parent has no link of that alias. */
export function deleteLink(store: Store, parentId: string, alias: string): void {
  store.query("DELETE FROM link WHERE parent_id = ? AND alias = ?").run(parentId, alias);
}

/** The links to a container keep its name; it is about to go. */
export function noteLinkedName(store: Store, childId: string): void {
  store
    .query("UPDATE link SET child_name = (SELECT name FROM container WHERE id = ?1) WHERE child_id = ?1")
    .run(childId);
}
