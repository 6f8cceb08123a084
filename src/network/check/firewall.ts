import { run } from "../../lib/run.ts";
import type { NetworkDeps } from "../deps.ts";
import { rewriteFirewall, wantedFirewall } from "../firewall/changes.ts";
import { bareTableName, ownNames, wholeTable } from "../firewall/ruleset.ts";
import { compare, type Item } from "./item.ts";

const looks = 3;

/**
 * The engine's part of its table, chain by chain and set by set. Containers start and end meanwhile, and the database
 * changes before the kernel does: so only what is wrong in every one of several looks is reported.
 */
export async function checkFirewall(deps: NetworkDeps): Promise<Item[]> {
  let items = await lookOnce(deps);
  for (let look = 1; look < looks && items.some(({ State }) => State !== "ok"); look++) {
    const good = new Set((await lookOnce(deps)).filter(({ State }) => State === "ok").map(({ Object }) => Object));
    items = items.map((item) => (good.has(item.Object) ? compare(item.Object, item.Owner, "there", "there") : item));
  }
  return items;
}

/**
 * The wanted rules are loaded into a temporary network namespace and listed there, so that both sides are texts of
 * nft(8) and can be compared.
 */
async function lookOnce(deps: NetworkDeps): Promise<Item[]> {
  const name = bareTableName(deps.instance);
  const list = `nft --stateless --json list table inet ${name}`;
  const [wanted, found] = await Promise.all([
    run(["unshare", "--net", "sh", "-c", `nft -f - && ${list}`], {
      input: wholeTable(deps.instance, wantedFirewall(deps)),
    }),
    run(["sh", "-c", list]),
  ]);
  const repair = () => rewriteFirewall(deps);
  if (wanted.exitCode !== 0)
    return [compare(`table inet ${name}`, "firewall", "loadable", wanted.stderr.trim().split("\n")[0] ?? "")];
  const [should, is] = [
    partsOf(wanted.stdout),
    found.exitCode === 0 ? partsOf(found.stdout) : new Map<string, string[]>(),
  ];
  return [...new Set([...should.keys(), ...is.keys()])].map((part) => {
    const [a, b] = [should.get(part), is.get(part)];
    return compare(part, "firewall", shown(a, b), shown(b, a), repair);
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The lines that the other side does not have. */
function shown(lines: readonly string[] | undefined, other: readonly string[] | undefined): string {
  if (!lines) return "";
  if (JSON.stringify(lines) === JSON.stringify(other)) return "there";
  const own = lines.filter((line) => !other?.includes(line));
  if (!other) return "there";
  return own.length === 0
    ? `${lines.length} entries`
    : `${own.slice(0, 3).join(" ")}${own.length > 3 ? ` and ${own.length - 3} more` : ""}`;
}

/** Chains with their rules in order, sets and maps with their elements, each a line. */
function partsOf(listing: string): Map<string, string[]> {
  const parts = new Map<string, string[]>();
  const parsed: unknown = JSON.parse(listing);
  const entries = isObject(parsed) && Array.isArray(parsed["nftables"]) ? parsed["nftables"] : [];
  for (const entry of entries) {
    const [[kind = "", value] = []] = isObject(entry) ? Object.entries(entry) : [];
    if (!isObject(value)) continue;
    const { handle: _h, elem, expr, name, chain, ...rest } = value;
    const owner = String(kind === "rule" ? chain : name);
    if (!["set", "map", "chain", "rule"].includes(kind) || !ownNames.has(owner)) continue;
    if (kind === "rule") parts.get(`chain ${owner}`)?.push(JSON.stringify(expr));
    // Elements that rules add to a set while packets pass come and go: they are not compared.
    else
      parts.set(`${kind} ${owner}`, [
        JSON.stringify(rest),
        ...(Array.isArray(elem) && !JSON.stringify(rest).includes("dynamic")
          ? elem.map((one) => JSON.stringify(one)).sort()
          : []),
      ]);
  }
  return parts;
}
