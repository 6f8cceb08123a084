import { errorMessage } from "../../lib/errors.ts";
import { own } from "../../lib/own.ts";
import { formatRfc3339Nano } from "../../lib/rfc3339.ts";
import { timeNow } from "../../linux/clock.ts";
import type { TaskExit } from "../../runtime/deps.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish, reason } from "../events.ts";
import { settleExecExit } from "../exec/exec-exit.ts";
import { lostHealth, unwatchHealth } from "../health/health.ts";
import type { ContainerRecord } from "../record.ts";
import { setState } from "../state.ts";
import { containerById, forgetIdleExecs } from "../table.ts";
import { release } from "./release.ts";
import { destroy } from "./remove.ts";
import { nextBackoff, shouldRestart } from "./restart-policy.ts";
import { launch, recordFailure } from "./start.ts";
import { waitResult } from "./wait.ts";

/** Takes note of the end of a container or exec. Never rejects: no caller could handle an error. */
export async function handleExit(deps: ContainerDeps, exit: TaskExit): Promise<void> {
  try {
    if (exit.containerId !== undefined) return settleExecExit(deps, exit.id, exit.exitCode, exit.finishedAt);
    using _ = await deps.locks.acquire(exit.id);
    const c = containerById(deps.store, exit.id);
    // Anything else is a start that failed by itself and has already said so, or an exit that shows twice.
    if (c && (c.state.phase === "running" || c.state.phase === "paused")) await settleExit(deps, c, exit);
  } catch (error) {
    deps.log.error("cannot settle an exit", { id: exit.id, error: errorMessage(error) });
  }
}

/**
 * Changes a container from running to exited, then restarts (true), removes or leaves it, as its policies say. The
 * caller holds the lock, so that nobody starts the container before its resources are back.
 */
export async function settleExit(
  deps: ContainerDeps,
  c: ContainerRecord,
  exit: Pick<TaskExit, "exitCode" | "finishedAt" | "oomKilled">,
): Promise<boolean> {
  const live = deps.live.of(c.id);
  const ranFor = Math.max(0, Number(exit.finishedAt / 1_000_000n) - Date.parse(c.state.startedAt));
  const { ordered } = c.state;
  const restart =
    !deps.live.shuttingDown &&
    (ordered === "restart" || shouldRestart(c.spec.hostConfig.RestartPolicy, { ...c.state, exitCode: exit.exitCode }));
  unwatchHealth(deps, c);
  forgetIdleExecs(deps.store, c.id);
  setState(deps, c, {
    ending: { exitCode: exit.exitCode, finishedAtNano: String(exit.finishedAt), oomKilled: exit.oomKilled },
  });
  await release(deps, c, { keepRootfs: restart || live.restarting });

  if (exit.oomKilled && !c.state.oomKilled) publish(deps, c, "oom");
  setState(deps, c, {
    phase: restart ? "restarting" : "exited",
    pid: 0,
    conmonPid: 0,
    exitCode: exit.exitCode,
    finishedAt: formatRfc3339Nano(exit.finishedAt),
    oomKilled: c.state.oomKilled || exit.oomKilled,
    restartCount: c.state.restartCount + (restart ? 1 : 0),
    network: withoutAddresses(c),
    ending: null,
    ordered: (restart && ordered) || null,
    manuallyStopped: c.state.manuallyStopped && !restart,
    ...lostHealth(c),
  });
  publish(deps, c, "die", {
    exitCode: String(exit.exitCode),
    execDuration: String(Math.floor(ranFor / 1000)),
    ...reason(ordered),
  });
  live.announceExit(waitResult(c.state));

  if (restart) scheduleRestart(deps, c.id, (live.backoff = nextBackoff(live.backoff, ranFor)));
  else if (c.spec.hostConfig.AutoRemove && !live.restarting) await destroy(deps, c, { volumes: true });
  return restart;
}

/** Starts the container by itself after a while, unless somebody stops, starts or removes it first. */
function scheduleRestart(deps: ContainerDeps, id: string, delay: number): void {
  const live = deps.live.of(id);
  live.cancelRestart();
  live.restartTimer = setTimeout(() => {
    live.restartTimer = null;
    restartByPolicy(deps, id).catch((error: unknown) =>
      deps.log.error("cannot restart a container", { container: id, error: errorMessage(error) }),
    );
  }, delay);
}

async function restartByPolicy(deps: ContainerDeps, id: string): Promise<void> {
  using _ = await deps.locks.acquire(id);
  const c = containerById(deps.store, id);
  if (c?.state.phase !== "restarting" || deps.live.shuttingDown) return;
  const { ordered } = c.state;
  try {
    await launch(deps, c);
    if (ordered) publish(deps, c, "restart", reason(ordered));
  } catch (error) {
    deps.log.warn("cannot restart a container", { container: id, error: errorMessage(error) });
    recordFailure(deps, c, error);
    // A start that fails counts as a run that failed: what it lacks (a port, a mount) may come back.
    if (!ordered && !shouldRestart(c.spec.hostConfig.RestartPolicy, c.state)) return;
    setState(deps, c, { phase: "restarting", restartCount: c.state.restartCount + 1, finishedAt: timeNow() });
    const live = deps.live.of(id);
    scheduleRestart(deps, id, (live.backoff = nextBackoff(live.backoff, 0)));
  }
}

/** The part of the network settings that stays after the run: the networks, without addresses. */
function withoutAddresses(c: ContainerRecord): ContainerRecord["state"]["network"] {
  const networks = Object.entries(c.state.network.Networks ?? {}).map(
    ([name, endpoint]) =>
      [
        name,
        {
          ...endpoint,
          EndpointID: "",
          Gateway: "",
          IPAddress: "",
          IPPrefixLen: 0,
          IPv6Gateway: "",
          GlobalIPv6Address: "",
          GlobalIPv6PrefixLen: 0,
          MacAddress: own(c.spec.endpoints, name)?.MacAddress ?? "",
        },
      ] as const,
  );
  return { SandboxID: "", SandboxKey: "", Ports: {}, Networks: Object.fromEntries(networks) };
}
