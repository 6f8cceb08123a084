import { errorMessage } from "../../lib/errors.ts";
import type { Ip } from "../../lib/ip.ts";
import type { NetworkDeps } from "../deps.ts";
import { driverOf } from "../driver/driver.ts";
import type { Ingress, IngressPort } from "../overlay/desired.ts";
import { ingressOf } from "../overlay/table.ts";
import { forgetFlows } from "../ports/forget-flows.ts";
import { attachedOf, firewallPorts } from "../ports/publish.ts";
import type { NetworkRecord } from "../record.ts";
import { allNetworks, allSandboxes, publishedAt, publishedPorts } from "../table.ts";
import { administratorScript, lostAdministrator } from "./administrator.ts";
import { Admission } from "./admission.ts";
import { elementMessages, type FirewallPort } from "./elements.ts";
import { ingressMessages } from "./ingress.ts";
import { addNetworks, bareTableName, deleteNetworks, dropTable, type Firewall, wholeTable } from "./ruleset.ts";

/** The firewall as the database wants it. */
export function wantedFirewall(deps: NetworkDeps): Firewall {
  return {
    networks: allNetworks(deps.store).flatMap((network) => driverOf(deps, network).firewall(network) ?? []),
    ports: allSandboxes(deps.store).flatMap((sandbox) => {
      const stays = attachedOf(deps, sandbox.containerId).filter(({ endpoint }) => endpoint.changing !== "leaves");
      return firewallPorts(deps, sandbox, stays, publishedPorts(deps.store, sandbox.containerId));
    }),
    ingress: wantedIngress(deps),
    relay: deps.live.relay ?? { tcp: 0, udp: 0 },
  };
}

/** Where the ports of the cluster's services lead, without those that a container of this machine has published. */
export function wantedIngress({ store }: NetworkDeps): Ingress | null {
  const ingress = ingressOf(store);
  if (!ingress) return null;
  const taken = ({ protocol, port }: IngressPort) => publishedAt(store, protocol, anywhere, port) !== null;
  return { ...ingress, ports: ingress.ports.filter((port) => !taken(port)) };
}

const anywhere: Ip = { family: 4, value: 0n };

/**
 * Writes the table anew from the database, in one transaction. What the administrator has in it stays; where it was
 * deleted with the table it is put back, or, where the kernel refuses it, written to the log.
 */
export async function rewriteFirewall(deps: NetworkDeps): Promise<void> {
  await admitWhereGuarded(deps, wantedFirewall(deps).ports);
  const whole = () => wholeTable(deps.instance, wantedFirewall(deps));
  try {
    return await deps.live.firewall.submit({ script: () => lostAdministrator(deps) + whole() });
  } catch (error) {
    deps.log.warn("the firewall's table cannot be mended and is made anew", { error: errorMessage(error) });
  }
  // Something in the table has one of our names but another kind, or the kernel refuses the administrator's rules.
  try {
    await deps.live.firewall.submit({ script: () => dropTable(deps.instance) + administratorScript(deps) + whole() });
  } catch (error) {
    await deps.live.firewall.submit({ script: () => dropTable(deps.instance) + whole() });
    deps.log.error("the administrator's own rules could not be put back", {
      error: errorMessage(error),
      rules: deps.live.administrator,
    });
  }
}

/** Takes ports away and adds others in one step. Where the table is not as we left it, it is written anew. */
export async function changePorts(
  deps: NetworkDeps,
  gone: readonly FirewallPort[],
  come: readonly FirewallPort[],
): Promise<void> {
  if (gone.length === 0 && come.length === 0) return;
  await admitWhereGuarded(deps, come);
  try {
    await deps.live.firewall.submit({ messages: () => elementMessages(bareTableName(deps.instance), gone, come) });
  } catch {
    await rewriteFirewall(deps);
  }
  forgetFlows(deps, [...gone, ...come]);
}

/** Makes the ports of the cluster's services lead elsewhere; as {@link changePorts}. */
export async function changeIngress(deps: NetworkDeps, before: Ingress | null, after: Ingress | null): Promise<void> {
  const messages = ingressMessages(bareTableName(deps.instance), before, after);
  if (messages.length === 0) return;
  try {
    await deps.live.firewall.submit({ messages: () => messages });
  } catch {
    await rewriteFirewall(deps);
  }
}

async function admitWhereGuarded(deps: NetworkDeps, ports: readonly FirewallPort[]): Promise<void> {
  if (deps.live.admission || !ports.some(({ guarded }) => guarded)) return;
  const admission = new Admission(deps);
  deps.live.admission = admission;
  await admission.start();
}

/** A network that has just come, or has just gone. Networks the firewall need not know: does nothing. */
export async function changeNetwork(
  deps: NetworkDeps,
  change: "add" | "delete",
  network: NetworkRecord,
): Promise<void> {
  const rules = driverOf(deps, network).firewall(network);
  if (!rules) return;
  try {
    await deps.live.firewall.submit({
      script: () => (change === "add" ? addNetworks : deleteNetworks)(deps.instance, [rules]),
    });
  } catch {
    await rewriteFirewall(deps);
  }
}

/** Deletes the instance's nftables table, with what the administrator wrote into it. */
export function dropFirewall(deps: NetworkDeps): Promise<void> {
  return deps.live.firewall.submit({ script: () => dropTable(deps.instance) });
}
