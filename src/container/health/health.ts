import type { HealthConfig, HealthcheckResult } from "../../api/types/container.ts";
import { errorMessage } from "../../lib/errors.ts";
import { formatGoDuration } from "../../lib/go-duration.ts";
import { pause } from "../../lib/pause.ts";
import { timeNow } from "../../linux/clock.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { recordExec } from "../exec/exec.ts";
import { launchExec } from "../exec/exec-start.ts";
import type { ContainerRecord } from "../record.ts";
import { setState } from "../state.ts";
import { containerById } from "../table.ts";
import { isUnhealthy, judge } from "./health-judge.ts";
import { obeyVerdict, orderOf } from "./on-failure.ts";

const seconds = 1_000_000_000;
const defaults = { Interval: 30 * seconds, Timeout: 30 * seconds, StartPeriod: 0, StartInterval: 5 * seconds };
/** Bytes of a probe's output that are kept. */
const outputLimit = 4096;

/** Nanoseconds, as the API counts. */
const durationOf = (check: HealthConfig, field: keyof typeof defaults) => check[field] || defaults[field];
const toMilliseconds = (nanoseconds: number) => nanoseconds / 1_000_000;

/** The probe's command; null where the container has none or says NONE. */
function probeCommand(c: ContainerRecord): string[] | null {
  const [kind, ...command] = c.spec.config.Healthcheck?.Test ?? [];
  if (kind === "CMD") return command;
  if (kind !== "CMD-SHELL") return null;
  const shell = c.spec.config.Shell?.length ? c.spec.config.Shell : ["/bin/sh", "-c"];
  return [...shell, ...command];
}

/**
 * Begins to probe a running container, if it has a health check. `fresh` after a start: the state is then `starting`;
 * what earlier runs left in the log stays. The caller holds the lock.
 */
export function watchHealth(deps: ContainerDeps, c: ContainerRecord, { fresh = false } = {}): void {
  unwatchHealth(deps, c);
  const check = c.spec.config.Healthcheck;
  const command = probeCommand(c);
  if (!check || !command) return;
  if (fresh || !c.state.health)
    setState(deps, c, { health: { Status: "starting", FailingStreak: 0, Log: c.state.health?.Log ?? [] } });
  const abort = new AbortController();
  deps.live.of(c.id).health = abort;
  monitor(deps, c, check, command, abort.signal).catch((error: unknown) => {
    deps.log.error("the health monitor failed", { container: c.id, error: errorMessage(error) });
  });
}

/** Stops the health checks; the health that was last found stays. Does nothing where none are running. */
export function unwatchHealth(deps: ContainerDeps, c: ContainerRecord): void {
  const live = deps.live.of(c.id);
  live.health?.abort();
  live.health = null;
}

/**
 * What becomes of the health of a container that stands still: nobody can call it healthy. Nor is anybody told, as in
 * Docker.
 */
export function lostHealth({ state: { health } }: ContainerRecord): Pick<ContainerRecord["state"], "health"> {
  return health ? { health: { ...health, Status: "unhealthy" } } : {};
}

async function monitor(
  deps: ContainerDeps,
  c: ContainerRecord,
  check: HealthConfig,
  command: string[],
  signal: AbortSignal,
): Promise<void> {
  const graceEnds = Date.parse(c.state.startedAt) + toMilliseconds(durationOf(check, "StartPeriod"));
  let status = c.state.health?.Status;
  for (;;) {
    // Carries out what the last check ordered, also where an earlier daemon did not get to it.
    await obeyVerdict(deps, c.id);
    const starting = status === "starting" && Date.now() < graceEnds;
    if (!(await pause(toMilliseconds(durationOf(check, starting ? "StartInterval" : "Interval")), signal))) return;
    const result = await probe(deps, c, command, durationOf(check, "Timeout"), signal);
    if (signal.aborted) return;
    status = await recordResult(deps, c.id, result, signal);
  }
}

/** Runs the command once, as an exec like any other. */
async function probe(
  deps: ContainerDeps,
  c: ContainerRecord,
  command: string[],
  timeout: number,
  signal: AbortSignal,
): Promise<NonNullable<HealthcheckResult>> {
  const Start = timeNow();
  const end = (ExitCode: number, Output: string) => ({ Start, End: timeNow(), ExitCode, Output });
  if (command.length === 0) return end(-1, `healthcheck for container ${c.id} has no command`);
  const exited = Promise.withResolvers<number>();
  try {
    const exec = recordExec(deps, c, { Cmd: command, AttachStdout: true, AttachStderr: true });
    const { pid, io } = await launchExec(deps, c, exec, { attach: true, consoleSize: null, onEnd: exited.resolve });
    using _ = { [Symbol.dispose]: () => io?.close() };
    const output = new LimitedOutput();
    const drained = output.collect(io?.frames);
    const exitCode = await Promise.race([exited.promise, pause(toMilliseconds(timeout), signal).then(() => null)]);
    if (exitCode !== null) {
      // A child that the probe left behind may hold its output open.
      await Promise.race([drained, pause(2_000, signal)]);
      return end(exitCode, output.text());
    }
    deps.runtime.killExec(c.id, pid);
    await exited.promise;
    const said = output.text();
    return end(-1, `Health check exceeded timeout (${formatGoDuration(BigInt(timeout))})${said && `: ${said}`}`);
  } catch (error) {
    return end(-1, errorMessage(error));
  }
}

/** The beginning of a probe's output. */
class LimitedOutput {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  async collect(frames: AsyncIterable<{ data: Uint8Array }> | undefined): Promise<void> {
    for await (const { data } of frames ?? []) {
      if (this.#length < outputLimit) this.#pieces.push(data.slice(0, outputLimit - this.#length));
      this.#length += data.length;
    }
  }

  text(): string {
    return Buffer.concat(this.#pieces).toString("utf8") + (this.#length > outputLimit ? "..." : "");
  }
}

async function recordResult(
  deps: ContainerDeps,
  id: string,
  result: NonNullable<HealthcheckResult>,
  signal: AbortSignal,
) {
  using _ = await deps.locks.acquire(id);
  const c = containerById(deps.store, id);
  if (!c || signal.aborted) return undefined;
  const before = c.state.health?.Status;
  const check = c.spec.config.Healthcheck ?? {};
  const health = judge(c.state.health, result, { check, startedAt: Date.parse(c.state.startedAt) });
  setState(deps, c, { health, ordered: null, ...(isUnhealthy(health, check) && orderOf(c.spec.hostConfig)) });
  if (health.Status !== before) publish(deps, c, `health_status: ${health.Status}`);
  return health.Status;
}
