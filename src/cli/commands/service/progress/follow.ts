import type { ProgressEvent } from "../../../../api/progress.ts";
import type { Service } from "../../../../api/types/swarm.ts";
import type { Client } from "../../../../client/client.ts";
import { listNodes } from "../../../../client/nodes.ts";
import { inspectService } from "../../../../client/services.ts";
import { listTasks } from "../../../../client/tasks.ts";
import { CliError } from "../../../errors.ts";
import { picture } from "./tasks.ts";

export interface FollowOptions {
  /** Its name or id, as the user wrote it. */
  service: string;
  /** What the user asked for is itself a rollback. */
  askedToRollBack?: boolean;
  /** Ends the following; the service goes on. */
  signal?: AbortSignal;
}

const firstPollMs = 200;
const longestPollMs = 1000;
const nodesEveryMs = 2000;

/**
 * Yields what changes in a service until all tasks are as they should be and have stayed so for the service's own
 * monitoring time. Throws where the update pauses, or has been taken back though nobody asked for that.
 */
export async function* followService(
  client: Client,
  { service: name, askedToRollBack = false, signal }: FollowOptions,
): AsyncGenerator<ProgressEvent> {
  const changed = changesOnly();
  const nodes = new ActiveNodes(client);
  const verify = new Verification(name);
  let rollback: { message: string } | null = null;
  let waitMs = firstPollMs;
  let taskFilter: Record<string, string[]> | undefined;
  while (!signal?.aborted) {
    const service = await inspectService(client, name);
    const step = updateStep(service, verify.converged, rollback);
    if (step.paused !== undefined) throw new CliError(step.paused);
    if (step.over) return;
    if (step.rollback && !rollback) yield { id: "rollback", status: step.rollback.message };
    rollback = step.rollback;
    if (verify.isDone(service)) {
      yield* changed([verify.done()]);
      if (!rollback) return;
      yield { id: "rollback", status: service.UpdateStatus?.Message ?? "" };
      if (askedToRollBack) return;
      throw new CliError(`service update rolled back: ${rollback.message}`);
    }
    taskFilter ??= { "_up-to-date": ["true"], service: [service.ID ?? name] };
    const tasks = await listTasks(client, taskFilter);
    const activeNodes = await nodes.get(tasks.map(({ NodeID = "" }) => NodeID));
    const { events, converged } = picture({ service, tasks, activeNodes, rollback: rollback !== null });
    const news = [...changed(events)];
    yield* news;
    if (converged && service.JobStatus) {
      yield { status: "job complete" };
      return;
    }
    yield* changed(verify.see(converged, service));
    waitMs = news.length > 0 ? firstPollMs : Math.min(waitMs * 1.5, longestPollMs);
    await pause(Math.min(waitMs, verify.leftMs(service)), signal);
  }
}

interface UpdateStep {
  rollback: { message: string } | null;
  over?: boolean;
  paused?: string;
}

/** What the engine says of the replacement of tasks. */
function updateStep(service: Service, converged: boolean, rollback: { message: string } | null): UpdateStep {
  const { State, Message = "" }: { State?: string; Message?: string } = service.UpdateStatus ?? {};
  switch (State) {
    case "updating":
      return { rollback: null };
    case "completed":
      return { rollback, over: !converged && rollback === null };
    case "paused":
      return { rollback, paused: `service update paused: ${Message}` };
    case "rollback_paused":
      return { rollback, paused: `service rollback paused: ${Message}` };
    case "rollback_started":
    case "rollback_completed":
      return { rollback: rollback ?? { message: Message } };
    default:
      return { rollback };
  }
}

/** The time for which tasks must stay as they should be. */
class Verification {
  #since: number | null = null;
  constructor(private readonly name: string) {}

  get converged(): boolean {
    return this.#since !== null;
  }

  leftMs(service: Service): number {
    if (this.#since === null) return Number.POSITIVE_INFINITY;
    const monitorMs = (service.Spec?.UpdateConfig?.Monitor || 5e9) / 1e6;
    return Math.max(0, this.#since + monitorMs - performance.now());
  }

  isDone(service: Service): boolean {
    return this.#since !== null && this.leftMs(service) <= 0;
  }

  /** What is to be shown of it now. */
  see(converged: boolean, service: Service): ProgressEvent[] {
    if (!converged) {
      const wasConverged = this.#since !== null;
      this.#since = null;
      return wasConverged ? [{ id: "verify", status: "Detected task failure" }] : [];
    }
    this.#since ??= performance.now();
    const seconds = Math.floor(this.leftMs(service) / 1000) + 1;
    return [{ id: "verify", status: `Waiting ${seconds} seconds to verify that tasks are stable...` }];
  }

  done(): ProgressEvent {
    return { id: "verify", status: `Service ${this.name} converged` };
  }
}

/** Nodes that are not down, asked for now and then, and when a task is on one that is not known. */
class ActiveNodes {
  #known = new Set<string>();
  #active = new Set<string>();
  #at = Number.NEGATIVE_INFINITY;
  constructor(private readonly client: Client) {}

  async get(used: readonly string[]): Promise<ReadonlySet<string>> {
    const isNew = used.some((id) => id !== "" && !this.#known.has(id));
    if (!isNew && performance.now() - this.#at < nodesEveryMs) return this.#active;
    const nodes = await listNodes(this.client);
    this.#known = new Set([...nodes.map(({ ID = "" }) => ID), ...used]);
    this.#active = new Set(nodes.filter(({ Status }) => Status?.State !== "down").map(({ ID = "" }) => ID));
    this.#at = performance.now();
    return this.#active;
  }
}

/** Lets through what is not as it was the last time. */
function changesOnly(): (events: readonly ProgressEvent[]) => ProgressEvent[] {
  const last = new Map<string, string>();
  return (events) =>
    events.filter((event) => {
      const text = JSON.stringify(event);
      if (last.get(event.id ?? "") === text) return false;
      last.set(event.id ?? "", text);
      return true;
    });
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
