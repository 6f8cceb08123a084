import type { PortMap } from "../../api/types/container.ts";
import { notFound } from "../../lib/errors.ts";
import type { NetworkDeps } from "../deps.ts";
import { changePorts } from "../firewall/changes.ts";
import type { FirewallPort } from "../firewall/elements.ts";
import type { PortRange, SandboxRecord } from "../record.ts";
import type { Sandbox } from "../sandbox/request.ts";
import { describeSandbox } from "../sandbox/sandbox.ts";
import { deletePublishedPorts, insertPublishedPorts, publishedPorts, sandboxOf, saveSandbox } from "../table.ts";
import { compress, expand, type PortGrant } from "./plan.ts";
import { acquirePorts, attachedOf, firewallPorts } from "./publish.ts";

/** A change to the ports that a running container publishes. */
export interface Republication {
  /** The container's ExposedPorts and PortBindings after the change. */
  exposedPorts: string[];
  portBindings: PortMap;
  /** Whether a port that is published now is to be removed. */
  goes(port: PortGrant): boolean;
  /** The ports to be added. */
  comes: PortMap;
}

/** Called in the transaction that saves the rows, to write down that the change was made (`changed`) or undone. */
export type Note = (sandbox: Sandbox, changed: boolean) => void;

/**
 * Changes what a running container publishes: all of it, in one transaction of the firewall, or nothing. Ports that
 * stay are not touched. The rows are changed first: after a crash they are what holds. Returns a function that undoes
 * the change, valid until the next change. The container must be running.
 */
export async function republishSandbox(
  deps: NetworkDeps,
  containerId: string,
  change: Republication,
  note: Note,
): Promise<() => Promise<void>> {
  using _lock = await deps.live.sandboxLocks.acquire(containerId);
  const sandbox = sandboxOf(deps.store, containerId);
  if (!sandbox) throw notFound(`network sandbox for container ${containerId} not found`);
  await using undo = new AsyncDisposableStack();
  const attached = attachedOf(deps, containerId);
  const before = publishedPorts(deps.store, containerId);
  const single = expand(before);
  const gone = compress(single.filter(change.goes));
  const { exposedPorts, portBindings } = change;

  deps.live.ports.releaseRanges(containerId, gone);
  undo.defer(async () => void (await deps.live.ports.retake(containerId, gone)));
  const come = compress(
    await acquirePorts(
      deps,
      { ...sandbox, exposedPorts: [], publishAllPorts: false, portBindings: change.comes },
      attached,
    ),
  );
  undo.defer(() => deps.live.ports.releaseRanges(containerId, come));
  const after = compress([...single.filter((port) => !change.goes(port)), ...expand(come)]);
  const old = { sandbox, ranges: before, changed: false };
  const now = { sandbox: { ...sandbox, exposedPorts, portBindings }, ranges: after, changed: true };
  await turn(deps, old, now, note);

  undo.move();
  return async () => {
    using _again = await deps.live.sandboxLocks.acquire(containerId);
    deps.live.ports.releaseRanges(containerId, come);
    await deps.live.ports.retake(containerId, gone);
    await turn(deps, now, old, note);
  };
}

interface Publication {
  sandbox: SandboxRecord;
  ranges: PortRange[];
  changed: boolean;
}

/** Changes rows and firewall from one state to another; where the firewall's change fails, the rows are put back. */
async function turn(deps: NetworkDeps, from: Publication, to: Publication, note: Note): Promise<void> {
  const attached = attachedOf(deps, from.sandbox.containerId);
  const [gone, come] = differences(
    firewallPorts(deps, from.sandbox, attached, from.ranges),
    firewallPorts(deps, to.sandbox, attached, to.ranges),
  );
  await using undo = new AsyncDisposableStack();

  writeDown(deps, to, note);
  undo.defer(() => writeDown(deps, from, note));
  if (from.ranges.length > 0 !== to.ranges.length > 0) {
    for (const { network, endpoint, driver } of attached)
      if (driver.gives === "interface") driver.publish(deps, network, endpoint, to.ranges.length > 0);
  }
  await changePorts(deps, gone, come);

  undo.move();
}

function writeDown(deps: NetworkDeps, { sandbox, ranges, changed }: Publication, note: Note): void {
  deps.store.transaction(() => {
    saveSandbox(deps.store, sandbox);
    deletePublishedPorts(deps.store, sandbox.containerId);
    insertPublishedPorts(deps.store, sandbox.containerId, ranges);
    note(describeSandbox(deps, sandbox), changed);
  })();
}

/** What is in one list only. */
function differences(
  before: readonly FirewallPort[],
  after: readonly FirewallPort[],
): [gone: FirewallPort[], come: FirewallPort[]] {
  const text = (port: FirewallPort) => JSON.stringify(port);
  const [old, now] = [new Set(before.map(text)), new Set(after.map(text))];
  return [before.filter((port) => !now.has(text(port))), after.filter((port) => !old.has(text(port)))];
}
