import { errorMessage } from "../../lib/errors.ts";
import { run } from "../../lib/run.ts";
import type { NetworkDeps } from "../deps.ts";
import { bridgesOf } from "./bridges.ts";
import { closedAt, type ListedChain, parseListing } from "./listing.ts";

/**
 * Other firewalls on the machine. A packet has to pass all of them, and dockerd, ufw and others have iptables chains
 * that drop every packet no rule matches: by their policy, or by a rule at their end. So our bridges get accepting
 * rules in FORWARD, and the relay in INPUT, behind all other rules: they match only what no other rule has matched, and
 * our own table still decides. Machines without such chains are not touched.
 */
const programs = [
  { family: "ip", program: "iptables" },
  { family: "ip6", program: "ip6tables" },
] as const;

const recheckMs = 10_000;

/**
 * Looks again now and then, when containers start: the old iptables, which is not built on nftables, does not announce
 * its changes. Does not wait for the result.
 */
export function watchForeignFirewalls(deps: NetworkDeps): void {
  if (Date.now() - deps.live.foreignCheckedAt < recheckMs) return;
  void admitToForeign(deps);
}

/**
 * Adds the rules that are missing, moves those that no packet reaches any more, and removes those of bridges that are
 * gone.
 */
export async function admitToForeign(deps: NetworkDeps): Promise<void> {
  await eachChain(deps, wantedRules(deps), (program, name, chains, wanted) =>
    adjustChain(deps, program, name, chains, wanted),
  );
}

/** Takes all of our rules away. */
export async function withdrawFromForeign(deps: NetworkDeps): Promise<void> {
  await eachChain(
    deps,
    () => ({ FORWARD: [], INPUT: [] }),
    (program, name, chains, wanted) => adjustChain(deps, program, name, chains, wanted),
  );
}

/** The rules that should be in other firewalls' chains and are not, or come too late: `FORWARD of iptables: -i …`. */
export async function missingInForeign(deps: NetworkDeps): Promise<string[]> {
  const missing: string[] = [];
  await eachChain(deps, wantedRules(deps), (program, name, chains, wanted) => {
    const end = closedAt(chains, name);
    const rules = chains.get(name)?.rules ?? [];
    if (end !== null)
      missing.push(
        ...wanted.filter((rule) => !rules.slice(0, end).includes(rule)).map((rule) => `${name} of ${program}: ${rule}`),
      );
  });
  return missing;
}

type Rules = Record<"FORWARD" | "INPUT", string[]>;

const wantedRules =
  (deps: NetworkDeps) =>
  (program: string): Rules => ({
    FORWARD: bridgesOf(deps).flatMap((bridge) => bridgeRules(deps, bridge)),
    INPUT: program === "ip6tables" ? relayRules(deps) : [],
  });

const mark = (deps: NetworkDeps): string => `-m comment --comment berth_${deps.instance} -j ACCEPT`;

const bridgeRules = (deps: NetworkDeps, bridge: string): string[] => [
  `-i ${bridge} ${mark(deps)}`,
  `-o ${bridge} ${mark(deps)}`,
];

function relayRules(deps: NetworkDeps): string[] {
  const { tcp, udp } = deps.live.relay ?? { tcp: 0, udp: 0 };
  return Object.entries({ tcp, udp }).flatMap(([protocol, port]) =>
    port === 0 ? [] : [`-p ${protocol} -m ${protocol} --dport ${port} -m conntrack --ctstate DNAT ${mark(deps)}`],
  );
}

type OneChain = (
  program: string,
  name: string,
  chains: ReadonlyMap<string, ListedChain>,
  wanted: readonly string[],
) => void | Promise<void>;

async function eachChain(deps: NetworkDeps, wantedOf: (program: string) => Rules, act: OneChain): Promise<void> {
  using _lock = await deps.live.networkLocks.acquire("foreign firewalls");
  deps.live.foreignCheckedAt = Date.now();
  try {
    for (const { family, program } of programs) {
      // nft is asked first: iptables would create its tables just by listing them.
      if ((await run(["nft", "list", "table", family, "filter"])).exitCode !== 0) continue;
      const { exitCode, stdout } = await run([program, "-w", "-S"]);
      const chains = parseListing(stdout);
      if (exitCode !== 0) continue;
      for (const [name, wanted] of Object.entries(wantedOf(program))) await act(program, name, chains, wanted);
    }
  } catch (error) {
    deps.log.warn("other firewalls could not be asked to let containers through", { error: errorMessage(error) });
  }
}

async function adjustChain(
  deps: NetworkDeps,
  program: string,
  name: string,
  chains: ReadonlyMap<string, ListedChain>,
  wanted: readonly string[],
): Promise<void> {
  const rules = chains.get(name)?.rules ?? [];
  const end = closedAt(chains, name);
  const ours = rules.filter((rule) => rule.endsWith(mark(deps)));
  const unfit = ours.filter((rule) => !wanted.includes(rule) || (end !== null && rules.indexOf(rule) > end));
  for (const rule of unfit) await run([program, "-w", "-D", name, ...rule.split(" ")]);
  if (end === null) return;
  // Each goes in front of what ends the chain, so one behind the other.
  const gap = end + 1 - unfit.filter((rule) => rules.indexOf(rule) < end).length;
  const missing = wanted.filter((rule) => unfit.includes(rule) || !ours.includes(rule));
  for (const [at, rule] of missing.entries())
    await run([program, "-w", "-I", name, String(gap + at), ...rule.split(" ")]);
}
