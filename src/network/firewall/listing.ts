/** Reads what `iptables -S` writes. Pure. */

/** One chain of iptables, as `iptables -S` prints it. */
export interface ListedChain {
  /** `ACCEPT`, `DROP`; empty for chains that others jump to. */
  policy: string;
  /** Without `-A CHAIN `, and without quotes. */
  rules: string[];
}

/** Reads the output of `iptables -S`: the chains by their names. Lines of other kinds are ignored. */
export function parseListing(text: string): Map<string, ListedChain> {
  const chains = new Map<string, ListedChain>();
  for (const line of text.split("\n")) {
    const [, verb, name = "", rest = ""] = /^-([PNA]) (\S+) ?(.*)$/.exec(line) ?? [];
    if (verb === "P" || verb === "N") chains.set(name, { policy: rest, rules: [] });
    else if (verb === "A") chains.get(name)?.rules.push(rest.replaceAll('"', ""));
  }
  return chains;
}

/**
 * Index of the first rule that stops every packet, or the number of rules where the policy is to drop; null where a
 * packet that matches no rule gets through.
 */
export function closedAt(
  chains: ReadonlyMap<string, ListedChain>,
  name: string,
  seen: readonly string[] = [],
): number | null {
  const chain = chains.get(name);
  if (!chain || seen.includes(name)) return null;
  const place = chain.rules.findIndex((rule) => {
    const [, target = ""] = /^-[jg] (\S+)/.exec(rule) ?? [];
    return target === "DROP" || target === "REJECT" || closedAt(chains, target, [...seen, name]) !== null;
  });
  if (place >= 0) return place;
  return chain.policy.startsWith("DROP") ? chain.rules.length : null;
}
