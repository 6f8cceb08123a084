import { internal } from "../../lib/errors.ts";
import { withLinks, withoutLink } from "../../network/sandbox/hosts.ts";
import type { ContainerDeps } from "../deps.ts";
import { deleteLink } from "../link-table.ts";
import { findContainer } from "../lookup.ts";
import { containerByName } from "../table.ts";
import { rewriteHosts } from "./hosts-file.ts";

/**
 * `docker rm --link parent/alias`: the link goes, both containers stay. A parent that runs forgets the alias at once;
 * its hosts file comes before the record, so that what a crash cuts off can be asked for again (or is mended at the
 * next boot).
 */
export async function removeLink(deps: ContainerDeps, ref: string): Promise<void> {
  const child = findContainer(deps, ref);
  const name = ref.replace(/^\//, "");
  const slash = name.lastIndexOf("/");
  if (slash < 0) throw internal("Conflict, cannot remove the default link name of the container");
  const [parentName, alias] = [name.slice(0, slash), name.slice(slash + 1)];
  const parent = containerByName(deps.store, parentName);
  if (!parent) throw internal(`Cannot get parent /${parentName} for link name /${name}`);

  using _ = await deps.locks.acquire(parent.id);
  const remaining = deps.networks.links(parent.id, alias);
  if (remaining) {
    rewriteHosts(deps, parent.id, (text) =>
      withLinks(withoutLink(text, alias, child.spec.config.Hostname ?? ""), remaining.entries),
    );
  }
  deps.store.transaction(() => {
    deleteLink(deps.store, parent.id, alias);
    remaining?.save();
  })();
}
