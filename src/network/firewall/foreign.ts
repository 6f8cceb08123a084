import { errorMessage } from "../../lib/errors.ts";
import { run } from "../../lib/run.ts";
import type { NetworkContext } from "../context.ts";
import { driverOf } from "../driver/driver.ts";
import { allNetworks } from "../table.ts";

/**
 * Other firewalls on the machine. A packet has to pass all of them, and dockerd, ufw and others leave iptables' FORWARD
 * chain with the policy to drop whatever no rule speaks of. So our bridges get a rule there, behind all others: it
 * speaks only where nobody else has, and our own table still decides. Machines without such a policy are not touched.
 */
const families = [
  { family: "ip", program: "iptables" },
  { family: "ip6", program: "ip6tables" },
] as const;

const recheckMs = 10_000;

/** Looks again now and then, when containers start: another engine may have come after us. Does not wait for it. */
export function watchForeignFirewalls(ctx: NetworkContext): void {
  if (Date.now() - ctx.live.foreignCheckedAt < recheckMs) return;
  void admitBridges(ctx);
}

/** Adds the rules that are missing. */
export async function admitBridges(ctx: NetworkContext): Promise<void> {
  ctx.live.foreignCheckedAt = Date.now();
  const bridges = allNetworks(ctx.store).flatMap((network) => driverOf(network)?.firewall(network)?.bridge ?? []);
  await eachDroppingChain(ctx, async (program, rules) => {
    for (const rule of bridges.flatMap((bridge) => rulesFor(ctx, bridge))) {
      if (!rules.includes(rule.join(" "))) await run([program, "-w", "-A", "FORWARD", ...rule]);
    }
  });
}

/** Takes the rules for a bridge away again. */
export async function forgetBridge(ctx: NetworkContext, bridge: string): Promise<void> {
  await eachDroppingChain(ctx, async (program, rules) => {
    for (const rule of rulesFor(ctx, bridge)) {
      if (rules.includes(rule.join(" "))) await run([program, "-w", "-D", "FORWARD", ...rule]);
    }
  });
}

function rulesFor(ctx: NetworkContext, bridge: string): string[][] {
  const tail = ["-m", "comment", "--comment", `berth_${ctx.instance}`, "-j", "ACCEPT"];
  return [["-i", bridge, ...tail], ["-o", bridge, ...tail]];
}

/** `rules` as `iptables -S` writes them, without `-A FORWARD`. */
async function eachDroppingChain(ctx: NetworkContext, act: (program: string, rules: string[]) => Promise<void>): Promise<void> {
  try {
    for (const { family, program } of families) {
      // Asked of nft first: iptables would make its tables by looking at them.
      const chain = await run(["nft", "list", "chain", family, "filter", "FORWARD"]);
      if (chain.exitCode !== 0 || !/policy drop/.test(chain.stdout)) continue;
      const { exitCode, stdout } = await run([program, "-w", "-S", "FORWARD"]);
      if (exitCode !== 0) continue;
      await act(program, stdout.split("\n").flatMap((line) => (line.startsWith("-A FORWARD ") ? [line.slice("-A FORWARD ".length).replaceAll('"', "")] : [])));
    }
  } catch (error) {
    ctx.log.warn("other firewalls could not be asked to let containers through", { error: errorMessage(error) });
  }
}
