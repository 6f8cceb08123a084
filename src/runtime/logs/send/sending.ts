import { dirname } from "node:path";
import { errorMessage } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import { pause } from "../../../lib/pause.ts";
import { Bell } from "../bell.ts";
import { Changes } from "../changes.ts";
import type { LogLimits } from "../limits.ts";
import { endOfLog, type LogPosition } from "../open-log.ts";
import { type LogBatch, walkLog } from "../walk.ts";
import { backlog } from "./backlog.ts";
import { type Progress, readProgress, writeProgress } from "./progress.ts";
import { ConnectionLost, LinesRefused, type Receiver } from "./receiver.ts";
import { type SentLine, SentLines } from "./sent-line.ts";

/** Milliseconds between two sendings where few lines come: what many small writes bring goes together. */
const INTERVAL = 100;
/** Bytes of a log that are no hurry. */
const SMALL = 32 * 1024;
/** Time between two tries to reach a receiver, in milliseconds: it doubles from the first to the last. */
const FIRST_RETRY = 500;
const LAST_RETRY = 10_000;
/** What was written to a connection without acknowledgements is held to have come after so many milliseconds. */
const SETTLED = 1_000;
/** A receiver that takes longer for one batch lags, in milliseconds. */
const SLOW = 1_000;
/** How long a removal, and who reads a log where it was sent to, waits for what is left to be sent, in milliseconds. */
const FAREWELL = 5_000;
/** How long a daemon that ends waits for the batch under way, in milliseconds. */
const LEAVING = 2_000;

/** A container's log on its way to a receiver. */
export interface SendingSpec {
  id: string;
  /** The live file of the log that the monitor writes. */
  source: string;
  /** Where it is noted how far it is sent. */
  state: string;
  limits: LogLimits;
  /** Bytes that may wait for a receiver that lags, the oldest go first; null: as much as the log keeps. */
  buffer: number | null;
  /** Milliseconds between two tries to reach the receiver; absent: ours. */
  retryAfter?: number;
  /** Connects to the receiver; see {@link Receiver}. */
  open(signal: AbortSignal): Promise<Receiver>;
}

/** A receiver, and what closes it at once. */
export interface Opened {
  receiver: Receiver;
  end: AbortController;
}

/**
 * Sends a container's log, from where it was sent to, as long as the container exists. The log's files are the buffer:
 * a receiver that is slow or away stops nobody, and gets what they still keep when it is there. Each line comes at
 * least once. Twice come those of a batch that failed or that a daemon which was killed had under way, and after a
 * connection without acknowledgements broke those of its last second.
 */
export class Sending {
  readonly #stop = new AbortController();
  /** Aborted when nothing more is to be begun. */
  readonly #leave = new AbortController();
  readonly #bell = new Bell();
  #opened: Opened | null;
  /** Aborted when the run that is under way has ended; null where there is none. */
  #run: AbortController | null;
  /** All that the last run left is sent, or nobody tries any more. */
  #rested = Promise.withResolvers<void>();
  /** Cuts the wait before the next try short. */
  #wake = new AbortController();
  /** Another run has brought a receiver of its own, which ended the one before. */
  #replaced = false;
  #failing = false;
  #lastTry = false;
  /** The receiver lags: more than the buffer's size is dropped. */
  #lagging = false;
  #dropped = 0;
  /** How far it is sent could not be written down. */
  #unnoted = false;
  #progress: Progress;
  #lines: SentLines;
  /** Where the log was sent to before what was sent last. */
  #recent: { before: Progress; at: number }[] = [];
  readonly #done: Promise<void>;

  /** `running`: a run is under way. `opened`: the receiver is there already. */
  constructor(
    private spec: SendingSpec,
    { running, opened }: { running: boolean; opened: Opened | null },
    private readonly log: Logger,
  ) {
    this.#progress = readProgress(spec.state);
    this.#lines = new SentLines(this.#progress);
    this.#opened = opened;
    this.#run = running ? new AbortController() : null;
    this.#done = this.#work().finally(() => this.#rested.resolve());
  }

  /** Another run begins. What is left of the one before goes to the same receiver, `opened` if it is there already. */
  begin(spec: SendingSpec, opened: Opened | null): void {
    const before = this.#opened;
    this.spec = spec;
    this.#opened = opened;
    this.#replaced = true;
    before?.end.abort();
    this.#rested = Promise.withResolvers();
    this.#run = new AbortController();
    this.#hurry();
  }

  /** The writer has ended, and all it said is in the log. */
  end(): void {
    this.#run?.abort();
    this.#run = null;
    this.#bell.ring();
  }

  /** Resolves when all of a run that has ended is sent, or when that takes too long; at once while one goes on. */
  async settle(): Promise<void> {
    if (this.#run === null) await this.#within(FAREWELL, this.#rested.promise);
  }

  /** The container goes: resolves when all is sent, when the receiver cannot be reached, or when it takes too long. */
  async finish(): Promise<void> {
    this.#lastTry = true;
    this.end();
    this.#hurry();
    await this.#within(FAREWELL, this.#rested.promise);
    await this.#end();
  }

  /** Leaves the rest to the next daemon. */
  async leave(): Promise<void> {
    this.#leave.abort();
    this.#hurry();
    await this.#within(LEAVING, this.#done);
    await this.#within(LEAVING, this.#farewell());
    await this.#end();
  }

  #hurry(): void {
    this.#wake.abort();
    this.#bell.ring();
  }

  async #within(milliseconds: number, work: Promise<void>): Promise<void> {
    const over = new AbortController();
    // What goes wrong is in the log, or nobody's concern any more.
    await Promise.race([work.catch(() => {}), pause(milliseconds, over.signal)]);
    over.abort();
  }

  /** Whatever a receiver does, it holds nobody up who ends this. */
  async #unlessStopped<T>(work: Promise<T>): Promise<T> {
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const stop = () => reject(new Error("context canceled"));
    const { signal } = this.#stop;
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([work, stopped]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    this.#leave.abort();
    this.#opened?.end.abort();
    this.#hurry();
    await this.#done;
  }

  async #work(): Promise<void> {
    for (let wait = FIRST_RETRY; !this.#leave.signal.aborted; ) {
      this.#replaced = false;
      try {
        await this.#pass();
        wait = FIRST_RETRY;
      } catch (error) {
        this.#goBack(error);
        if (this.#replaced) continue;
        this.#disconnect();
        if (this.#leave.signal.aborted) return;
        if (!this.#failing) this.#complain(error);
        this.#failing = true;
        this.#lagging = true;
        if (this.#lastTry) return;
        this.#wake = new AbortController();
        await pause(this.spec.retryAfter ?? wait, this.#wake.signal);
        wait = Math.min(wait * 2, LAST_RETRY);
      }
    }
  }

  /** Sends what there is and what comes, to the end of a run; then waits for the next. */
  async #pass(): Promise<void> {
    const { source } = this.spec;
    const leave = this.#leave.signal;
    const run = this.#run;
    using changes = run && new Changes(dirname(source), [run.signal, leave]);
    const bound = changes
      ? { following: { path: source, changes, ended: run?.signal, signal: leave } }
      : { end: await endOfLog(source) };
    for await (const batch of walkLog({ path: source, from: this.#progress.position, ...bound })) {
      if (leave.aborted) return;
      await this.#take(batch);
      if (run && batch.length < SMALL) {
        await pause(this.#opened?.receiver.interval ?? INTERVAL, AbortSignal.any([run.signal, leave]));
      }
    }
    if (leave.aborted) return;
    await this.#send(this.#lines.flush(), this.#progress.position);
    if (this.#run !== null) return;
    await this.#farewell();
    this.#rested.resolve();
    await this.#bell.next();
  }

  async #take(batch: LogBatch): Promise<void> {
    const { spec } = this;
    const { sequence } = this.#progress.position;
    if (sequence > 0 && batch.position.sequence > sequence + 1)
      this.log.warn("a container's log was not sent in time: its oldest files are gone", {
        id: spec.id,
        files: batch.position.sequence - sequence - 1,
      });
    const lines = batch.entries.flatMap((entry) => this.#lines.push(entry));
    const late =
      this.#lagging && spec.buffer !== null && backlog(spec.source, batch.position, spec.limits) > spec.buffer;
    if (late) {
      this.#dropped += lines.length;
      this.#note(batch.position);
      return;
    }
    this.#lagging = false;
    if (this.#dropped > 0)
      this.log.warn("a container's log was not sent in time: its buffer was full", {
        id: spec.id,
        lines: this.#dropped,
      });
    this.#dropped = 0;
    await this.#send(lines, batch.position);
  }

  async #send(lines: readonly SentLine[], position: LogPosition): Promise<void> {
    const before = this.#progress;
    if (lines.length > 0) {
      const { receiver } = await this.#connected();
      const began = Date.now();
      await this.#hand(receiver, lines);
      const at = Date.now();
      this.#lagging ||= at - began > SLOW;
      this.#recent = [...this.#recent.filter((sent) => sent.at > at - SETTLED), { before, at }];
      if (this.#failing) this.log.info("a container's log is sent again", { id: this.spec.id });
      this.#failing = false;
    }
    this.#note(position);
  }

  async #hand(receiver: Receiver, lines: readonly SentLine[]): Promise<void> {
    try {
      await this.#unlessStopped(receiver.send(lines));
    } catch (error) {
      if (!(error instanceof LinesRefused)) throw error;
      this.log.warn("lines of a container's log were refused", { id: this.spec.id, error: errorMessage(error) });
    }
  }

  /** On a full disk it goes on all the same: what cannot be written down the next daemon sends again. */
  #note(position: LogPosition): void {
    this.#progress = { position, ...this.#lines.begun };
    try {
      writeProgress(this.spec.state, this.#progress);
      this.#unnoted = false;
    } catch (error) {
      if (!this.#unnoted)
        this.log.warn("cannot note how far a container's log is sent", {
          id: this.spec.id,
          error: errorMessage(error),
        });
      this.#unnoted = true;
    }
  }

  async #connected(): Promise<Opened> {
    if (this.#opened) return this.#opened;
    const end = new AbortController();
    const stop = () => end.abort();
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    try {
      const opened = { receiver: await this.#unlessStopped(this.spec.open(end.signal)), end };
      // A run that began meanwhile has brought its own.
      if (this.#opened) end.abort();
      this.#opened ??= opened;
      return this.#opened;
    } finally {
      this.#stop.signal.removeEventListener("abort", stop);
    }
  }

  /** Ends the connection in good order. */
  async #farewell(): Promise<void> {
    if (this.#opened) await this.#unlessStopped(this.#opened.receiver.close());
    this.#disconnect();
  }

  #disconnect(): void {
    this.#opened?.end.abort();
    this.#opened = null;
  }

  /** To where the log was sent to for sure. */
  #goBack(error: unknown): void {
    const unsettled =
      error instanceof ConnectionLost ? this.#recent.find(({ at }) => at > error.at - SETTLED) : undefined;
    if (unsettled) this.#progress = unsettled.before;
    this.#recent = [];
    this.#lines = new SentLines(this.#progress);
  }

  #complain(error: unknown): void {
    this.log.warn("cannot send a container's log", { id: this.spec.id, error: errorMessage(error) });
  }
}
