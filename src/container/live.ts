import type { ContainerWaitResponse } from "../api/types/container.ts";
import type { PendingClient } from "./streams/pending-client.ts";

/** State of containers that the database cannot hold. Everything in it is rebuilt by `restoreContainers`. */
export class LiveContainers {
  readonly #byId = new Map<string, LiveContainer>();
  /** A prune is under way: the next one is refused. */
  pruning = false;
  /** The daemon is going down: nothing restarts any more. */
  shuttingDown = false;
  /** Stops listening for ends and for memory that runs out; set by `restoreContainers`. */
  exitWatch: Disposable | null = null;
  /** Signals the end of execs that this process waits for (health probes), by exec id. */
  readonly execWaiters = new Map<string, (exitCode: number) => void>();

  readonly #background = new Set<Promise<void>>();

  /** Work that only the daemon's shutdown waits for. It must not reject. */
  inBackground(work: Promise<void>): void {
    this.#background.add(work);
    void work.finally(() => this.#background.delete(work));
  }

  /** Resolves when no such work is left. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  of(id: string): LiveContainer {
    let live = this.#byId.get(id);
    if (!live) this.#byId.set(id, (live = new LiveContainer()));
    return live;
  }

  forget(id: string): void {
    this.#byId.delete(id);
  }
}

/**
 * What this process knows of one container and a restart of the daemon may forget: timers, waiting requests, attached
 * clients.
 */
export class LiveContainer {
  /** Clients that attached while nothing runs: the next start connects them. */
  readonly pendingClients = new Set<PendingClient>();
  readonly #exitWaiters = new Set<(exit: ContainerWaitResponse) => void>();
  readonly #removalWaiters = new Set<(exit: ContainerWaitResponse) => void>();
  /** The restart that the policy has set, as long as it has not begun. */
  restartTimer: Timer | null = null;
  /** Milliseconds the policy waited last. */
  backoff = 0;
  /** Stops the health monitor. */
  health: AbortController | null = null;
  /** Copies and exports under way that need the root filesystem mounted; each resolves when it is done with it. */
  readonly rootfsUsers = new Set<Promise<void>>();
  /** The unmounting of its root filesystem that is under way. */
  unmounting: Promise<void> | null = null;
  /** A restart by request is under way: auto-remove leaves the container alone. */
  restarting = false;

  nextExit(signal?: AbortSignal): Promise<ContainerWaitResponse> {
    return waitIn(this.#exitWaiters, signal);
  }

  /** Resolves when the container is removed, or its removal has failed. */
  removal(signal?: AbortSignal): Promise<ContainerWaitResponse> {
    return waitIn(this.#removalWaiters, signal);
  }

  announceExit(exit: ContainerWaitResponse): void {
    wake(this.#exitWaiters, exit);
  }

  announceRemoval(exit: ContainerWaitResponse): void {
    wake(this.#removalWaiters, exit);
    wake(this.#exitWaiters, exit);
  }

  /** Tells clients that attached before a start that there will be none. */
  dismissPendingClients(): void {
    for (const client of this.pendingClients) client.connect(null);
    this.pendingClients.clear();
  }

  cancelRestart(): void {
    if (this.restartTimer) clearTimeout(this.restartTimer);
    this.restartTimer = null;
  }
}

type Waiters = Set<(exit: ContainerWaitResponse) => void>;

function waitIn(waiters: Waiters, signal: AbortSignal | undefined): Promise<ContainerWaitResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<ContainerWaitResponse>();
  waiters.add(resolve);
  signal?.addEventListener("abort", () => waiters.delete(resolve) && reject(signal.reason), { once: true });
  return promise;
}

function wake(waiters: Waiters, exit: ContainerWaitResponse): void {
  for (const resolve of waiters) resolve(exit);
  waiters.clear();
}
