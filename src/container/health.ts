import type { HealthConfig, HealthcheckResult } from "../api/types/container.ts";
import { errorMessage } from "../lib/errors.ts";
import { formatGoDuration } from "../lib/go-duration.ts";
import { pause } from "../lib/pause.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { launchExec } from "./exec-start.ts";
import { recordExec } from "./exec.ts";
import { judge } from "./health-judge.ts";
import type { ContainerRecord } from "./record.ts";
import { SIGKILL } from "./signal.ts";
import { setState } from "./state.ts";
import { containerById } from "./table.ts";

const seconds = 1_000_000_000;
const defaults = { Interval: 30 * seconds, Timeout: 30 * seconds, StartPeriod: 0, StartInterval: 5 * seconds };
/** Bytes of a probe's output that are kept. */
const outputLimit = 4096;

/** Nanoseconds, as the API counts. */
const durationOf = (check: HealthConfig, field: keyof typeof defaults) => check[field] || defaults[field];
const toMilliseconds = (nanoseconds: number) => nanoseconds / 1_000_000;

/** The probe's command; null where the container has none or says NONE. */
export function probeCommand(c: ContainerRecord): string[] | null {
  const [kind, ...command] = c.spec.config.Healthcheck?.Test ?? [];
  if (kind === "CMD") return command;
  if (kind !== "CMD-SHELL") return null;
  const shell = c.spec.config.Shell?.length ? c.spec.config.Shell : ["/bin/sh", "-c"];
  return [...shell, ...command];
}

/**
 * Begins to probe a running container, if it has a health check. `fresh` after a start: the state is then `starting`.
 * The caller holds the lock.
 */
export function watchHealth(ctx: ContainerContext, c: ContainerRecord, { fresh = false } = {}): void {
  unwatchHealth(ctx, c);
  const check = c.spec.config.Healthcheck;
  const command = probeCommand(c);
  if (!check || !command) return;
  if (fresh || !c.state.health) setState(ctx, c, { health: { Status: "starting", FailingStreak: 0, Log: [] } });
  const abort = new AbortController();
  ctx.live.of(c.id).health = abort;
  monitor(ctx, c, check, command, abort.signal).catch((error: unknown) => {
    ctx.log.error("the health monitor failed", { container: c.id, error: errorMessage(error) });
  });
}

export function unwatchHealth(ctx: ContainerContext, c: ContainerRecord): void {
  const live = ctx.live.of(c.id);
  live.health?.abort();
  live.health = null;
}

async function monitor(ctx: ContainerContext, c: ContainerRecord, check: HealthConfig, command: string[], signal: AbortSignal): Promise<void> {
  const graceEnds = Date.parse(c.state.startedAt) + toMilliseconds(durationOf(check, "StartPeriod"));
  let status = c.state.health?.Status;
  for (;;) {
    const starting = status === "starting" && Date.now() < graceEnds;
    if (!(await pause(toMilliseconds(durationOf(check, starting ? "StartInterval" : "Interval")), signal))) return;
    const result = await probe(ctx, c, command, durationOf(check, "Timeout"), signal);
    if (signal.aborted) return;
    status = await recordResult(ctx, c.id, result, signal);
  }
}

/** Runs the command once, as an exec like any other. */
async function probe(ctx: ContainerContext, c: ContainerRecord, command: string[], timeout: number, signal: AbortSignal): Promise<NonNullable<HealthcheckResult>> {
  const Start = new Date().toISOString();
  const end = (ExitCode: number, Output: string) => ({ Start, End: new Date().toISOString(), ExitCode, Output });
  if (command.length === 0) return end(-1, `healthcheck for container ${c.id} has no command`);
  const exec = recordExec(ctx, c, { Cmd: command, AttachStdout: true, AttachStderr: true });
  using exited = exitOf(ctx, exec.id);
  try {
    const { pid, io } = await launchExec(ctx, c, exec, { attach: true, consoleSize: null });
    using _ = { [Symbol.dispose]: () => io?.close() };
    const output = new LimitedOutput();
    const drained = output.collect(io?.frames);
    const exitCode = await Promise.race([exited.code, pause(toMilliseconds(timeout), signal).then(() => null)]);
    if (exitCode !== null) {
      // A child that the probe left behind may hold its output open.
      await Promise.race([drained, pause(2_000, signal)]);
      return end(exitCode, output.text());
    }
    kill(pid);
    await exited.code;
    const said = output.text();
    return end(-1, `Health check exceeded timeout (${formatGoDuration(BigInt(timeout))})${said && `: ${said}`}`);
  } catch (error) {
    return end(-1, errorMessage(error));
  }
}

function exitOf(ctx: ContainerContext, execId: string): Disposable & { code: Promise<number> } {
  const { promise, resolve } = Promise.withResolvers<number>();
  ctx.live.execWaiters.set(execId, resolve);
  return { code: promise, [Symbol.dispose]: () => void ctx.live.execWaiters.delete(execId) };
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

function kill(pid: number): void {
  try {
    process.kill(pid, SIGKILL);
  } catch {
    // Ended in this very moment.
  }
}

async function recordResult(ctx: ContainerContext, id: string, result: NonNullable<HealthcheckResult>, signal: AbortSignal) {
  using _ = await ctx.locks.acquire(id);
  const c = containerById(ctx.store, id);
  if (!c || signal.aborted) return undefined;
  const before = c.state.health?.Status;
  const health = judge(c.state.health, result, { check: c.spec.config.Healthcheck ?? {}, startedAt: Date.parse(c.state.startedAt) });
  setState(ctx, c, { health });
  if (health.Status !== before) publish(ctx, c, `health_status: ${health.Status}`);
  return health.Status;
}
