import { errorMessage } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { ClusterStore } from "../store/store.ts";
import { planRound } from "./round.ts";

/** Milliseconds that changes are gathered before there is a plan for them, at least: as long as the last plan took. */
const gathering = 10;
/** Milliseconds until another try where a commit failed, or a planner did. */
const pause = 1000;

/** What the one leading manager does as long as it leads: it plans what is to be in the cluster, and writes it down. */
export class Leader {
  private timer: Timer | undefined;
  /** When {@link timer} goes off. */
  private due = 0;
  private round: Promise<void> | null = null;
  private again = false;
  private lastTook = 0;
  private stopped = true;
  private unlisten = () => {};

  constructor(
    private readonly store: ClusterStore,
    private readonly log: Logger,
  ) {}

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.unlisten = this.store.onChange(() => this.wakeIn(this.gathering()));
    this.wakeIn(0);
  }

  /** Resolved when nothing is being written any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.unlisten();
    clearTimeout(this.timer);
    await this.round;
  }

  /** The larger the cluster, the more changes one plan is for: planning takes half of the time at most. */
  private gathering(): number {
    return Math.max(gathering, this.lastTook);
  }

  private wakeIn(ms: number): void {
    if (this.stopped) return;
    if (this.round) {
      this.again = true;
      return;
    }
    const due = Date.now() + ms;
    if (this.timer && this.due <= due) return;
    clearTimeout(this.timer);
    this.due = due;
    // Timers of more than 24 days end at once.
    this.timer = setTimeout(() => this.begin(), Math.min(ms, 2 ** 31 - 1));
  }

  private begin(): void {
    this.again = false;
    this.timer = undefined;
    this.round = this.run()
      .catch((error) => {
        this.log.warn(`leader: ${errorMessage(error)}: trying again`);
        return pause;
      })
      .then((next) => {
        this.round = null;
        if (this.again) this.wakeIn(this.gathering());
        else if (next !== null) this.wakeIn(next);
      });
  }

  /** One round. Returns the milliseconds until the next that has to be, whatever happens; null: none has. */
  private async run(): Promise<number | null> {
    const { wakeAt, took, failures } = await planRound(this.store, Date.now);
    this.lastTook = took;
    for (const { of, error } of failures)
      this.log.warn(`leader: ${of} could not be planned`, {
        error: errorMessage(error),
        state: this.store.state.index,
      });
    const next = failures.length > 0 ? pause : Number.POSITIVE_INFINITY;
    const until = Math.min(next, Math.max(0, wakeAt - Date.now()));
    return Number.isFinite(until) ? until : null;
  }
}
