import { errorMessage } from "../lib/errors.ts";
import type { TaskExit } from "../runtime/context.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { settleExecExit } from "./exec-exit.ts";
import { unwatchHealth } from "./health.ts";
import type { ContainerRecord } from "./record.ts";
import { release } from "./release.ts";
import { destroy } from "./remove.ts";
import { nextBackoff, shouldRestart } from "./restart-policy.ts";
import { launch, recordFailure } from "./start.ts";
import { setState } from "./state.ts";
import { containerById, forgetIdleExecs } from "./table.ts";
import { waitResult } from "./wait.ts";

/** Takes note of the end of a container or exec. Never rejects: it is called by nobody who could care. */
export async function handleExit(ctx: ContainerContext, exit: TaskExit): Promise<void> {
  try {
    if (exit.containerId !== undefined) return settleExecExit(ctx, exit.id, exit.exitCode, exit.finishedAt);
    using _ = await ctx.locks.acquire(exit.id);
    const c = containerById(ctx.store, exit.id);
    // Anything else is a start that failed by itself and has already said so, or an exit that shows twice.
    if (c && (c.state.phase === "running" || c.state.phase === "paused")) await settleExit(ctx, c, exit);
  } catch (error) {
    ctx.log.error("cannot settle an exit", { id: exit.id, error: errorMessage(error) });
  }
}

/**
 * From running to exited, and on to where policy leads: restarting (true), removed or at rest. The caller holds the
 * lock, so that nobody starts the container before its resources are back.
 */
export async function settleExit(ctx: ContainerContext, c: ContainerRecord, exit: Pick<TaskExit, "exitCode" | "finishedAt" | "oomKilled">): Promise<boolean> {
  const live = ctx.live.of(c.id);
  const ranFor = Math.max(0, exit.finishedAt.getTime() - Date.parse(c.state.startedAt));
  const restart = !ctx.live.shuttingDown && shouldRestart(c.spec.hostConfig.RestartPolicy, { ...c.state, exitCode: exit.exitCode });
  unwatchHealth(ctx, c);
  forgetIdleExecs(ctx.store, c.id);
  await release(ctx, c, { keepRootfs: restart || live.restarting });

  if (exit.oomKilled) publish(ctx, c, "oom");
  setState(ctx, c, {
    phase: restart ? "restarting" : "exited", pid: 0, conmonPid: 0, exitCode: exit.exitCode, finishedAt: exit.finishedAt.toISOString(),
    oomKilled: exit.oomKilled, restartCount: c.state.restartCount + (restart ? 1 : 0), network: withoutAddresses(c),
  });
  publish(ctx, c, "die", { exitCode: String(exit.exitCode), execDuration: String(Math.floor(ranFor / 1000)) });
  live.announceExit(waitResult(c.state));

  if (restart) scheduleRestart(ctx, c.id, (live.backoff = nextBackoff(live.backoff, ranFor)));
  else if (c.spec.hostConfig.AutoRemove && !live.restarting) await destroy(ctx, c, { volumes: true });
  return restart;
}

/** Starts the container by itself after a while, unless somebody stops, starts or removes it first. */
export function scheduleRestart(ctx: ContainerContext, id: string, delay: number): void {
  const live = ctx.live.of(id);
  live.cancelRestart();
  live.restartTimer = setTimeout(() => {
    live.restartTimer = null;
    restartByPolicy(ctx, id).catch((error: unknown) => ctx.log.error("cannot restart a container", { container: id, error: errorMessage(error) }));
  }, delay);
}

async function restartByPolicy(ctx: ContainerContext, id: string): Promise<void> {
  using _ = await ctx.locks.acquire(id);
  const c = containerById(ctx.store, id);
  if (c?.state.phase !== "restarting" || ctx.live.shuttingDown) return;
  try {
    await launch(ctx, c);
  } catch (error) {
    ctx.log.warn("cannot restart a container", { container: id, error: errorMessage(error) });
    recordFailure(ctx, c, error);
    // A start that fails counts as a run that failed: what it lacks (a port, a mount) may come back.
    if (!shouldRestart(c.spec.hostConfig.RestartPolicy, c.state)) return;
    setState(ctx, c, { phase: "restarting", restartCount: c.state.restartCount + 1, finishedAt: new Date().toISOString() });
    const live = ctx.live.of(id);
    scheduleRestart(ctx, id, (live.backoff = nextBackoff(live.backoff, 0)));
  }
}

/** What of the network settings outlives the run: which networks, not which addresses. */
function withoutAddresses(c: ContainerRecord): ContainerRecord["state"]["network"] {
  const networks = Object.entries(c.state.network.Networks ?? {}).map(([name, endpoint]) => [name, {
    ...endpoint, EndpointID: "", Gateway: "", IPAddress: "", IPPrefixLen: 0, IPv6Gateway: "", GlobalIPv6Address: "", GlobalIPv6PrefixLen: 0,
    MacAddress: c.spec.endpoints[name]?.MacAddress ?? "",
  }] as const);
  return { SandboxID: "", SandboxKey: "", Ports: {}, Networks: Object.fromEntries(networks) };
}
