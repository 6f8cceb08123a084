import { run } from "../../lib/run.ts";
import { NFPROTO } from "../../linux/nft/codec.ts";
import { tableExists } from "../../linux/nft/table-exists.ts";
import type { NetworkDeps } from "../deps.ts";
import { bareTableName, ownNames, tableName } from "./ruleset.ts";

/**
 * What the machine's administrator has put into the engine's table: rules in the chain `user`, chains and sets of their
 * own. The engine never writes to it while it is there. Where it was deleted with the whole table (`nft flush
 * ruleset`), it is put back as it was last seen.
 */

/**
 * Reads and remembers it, so that it can be put back. Where there is no table, what was seen before stays remembered.
 */
export async function rememberAdministrator(deps: NetworkDeps): Promise<void> {
  const { exitCode, stdout } = await run(["nft", "--stateless", "list", "table", "inet", bareTableName(deps.instance)]);
  if (exitCode === 0) deps.live.administrator = administratorPart(stdout);
}

/** The nft script that puts it back where it was deleted with the table. */
export function lostAdministrator(deps: NetworkDeps): string {
  return tableExists(NFPROTO.INET, bareTableName(deps.instance)) ? "" : administratorScript(deps);
}

/** The script that adds it to a table without it. */
export function administratorScript(deps: NetworkDeps): string {
  const { administrator } = deps.live;
  return administrator === "" ? "" : `table ${tableName(deps.instance)} {\n${administrator}}\n`;
}

/** From a table as nft(8) lists it: the blocks that are not the engine's, without empty chains. */
export function administratorPart(listing: string): string {
  const blocks = listing.match(/^\t\w[^\n]* \{\n[\s\S]*?^\t\}\n/gm) ?? [];
  return blocks
    .filter((block) => {
      const [head = "", ...body] = block.trimEnd().split("\n");
      const name = /(\S+) \{$/.exec(head)?.[1] ?? "";
      return !ownNames.has(name) && body.length > 1;
    })
    .join("");
}
