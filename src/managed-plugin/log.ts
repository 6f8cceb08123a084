import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { Changes } from "../runtime/logs/changes.ts";
import type { LogLimits } from "../runtime/logs/limits.ts";
import { type HeldLines, LineJoiner } from "../runtime/logs/line-joiner.ts";
import type { LogPosition } from "../runtime/logs/open-log.ts";
import { walkLog } from "../runtime/logs/walk.ts";

/** How much of a plugin's output may wait for a daemon. */
export const pluginLogLimits: LogLimits = { maxSize: 1_000_000, maxFiles: 2, compress: false };

/** The file that a plugin's monitor writes. */
export const pluginLogFile = (directory: string) => join(directory, "log");

/** How far the lines have been told, and what has begun of the next. */
interface Told {
  position: LogPosition;
  held: HeldLines;
}

/**
 * Carries the lines of a plugin into the daemon's log, those too that it wrote while there was no daemon. How far they
 * have come lies beside them: after a crash the last few may come twice.
 */
export class PluginLog {
  readonly #ended = new AbortController();
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;

  constructor(
    private readonly directory: string,
    private readonly id: string,
    private readonly log: Logger,
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#done = this.#follow().catch((error: unknown) =>
      log.warn("cannot read what a plugin writes", { plugin: id, error: errorMessage(error) }),
    );
  }

  /** The plugin has ended: resolves when all that it wrote is told. */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.#done;
  }

  /** Leaves the rest to the next daemon. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
  }

  get #record(): string {
    return join(this.directory, "told");
  }

  async #follow(): Promise<void> {
    const path = pluginLogFile(this.directory);
    const { position, held } = this.#before();
    const lines = new LineJoiner(held);
    using changes = new Changes(this.directory, [this.#ended.signal, this.#stopped.signal]);
    const following = { path, changes, ended: this.#ended.signal, signal: this.#stopped.signal };
    for await (const batch of walkLog({ path, from: position, following })) {
      for (const entry of batch.entries) for (const line of lines.push(entry)) this.#tell(line);
      this.#note({ position: batch.position, held: lines.held });
    }
    if (this.#ended.signal.aborted) for (const line of lines.flush()) this.#tell(line);
  }

  #tell({ stream, data }: { stream: 1 | 2; data: Uint8Array }): void {
    const text = Buffer.from(data)
      .toString("utf8")
      .replace(/\r?\n$/, "");
    this.log[stream === 1 ? "info" : "error"](text, { plugin: this.id });
  }

  #before(): Told {
    try {
      return JSON.parse(readFileSync(this.#record, "utf8"));
    } catch {
      return { position: { sequence: 0, offset: 0 }, held: {} };
    }
  }

  #note(told: Told): void {
    writeFileSync(`${this.#record}.new`, JSON.stringify(told));
    renameSync(`${this.#record}.new`, this.#record);
  }
}

/** Forgets what a plugin wrote before, so that the next life of it begins with an empty log. */
export function dropLog(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
