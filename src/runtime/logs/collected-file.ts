import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { errorMessage, hasCode } from "../../lib/errors.ts";
import { encodeJsonLine } from "./json-line.ts";
import type { LogLimits } from "./limits.ts";
import { type HeldLines, LineJoiner } from "./line-joiner.ts";
import type { LogPosition } from "./open-log.ts";
import { compressFile } from "./rotate.ts";
import type { LogBatch } from "./walk.ts";

/**
 * How far a collected file has been written. Its bytes can be computed from the log alone, again at any time. `inode`
 * and `size` tell which of them are in the file already, also those written after this note was.
 */
interface Progress {
  /** All before it in the log is in the stream, but for `held`. */
  position: LogPosition;
  held: HeldLines;
  /** Bytes of the stream behind `position` that the file had at `size`, or that were rotated away. */
  ahead: number;
  inode: number;
  size: number;
  /** Somebody reads it: it is to have all there is. */
  collected: boolean;
  /** As of encodeAttributes. */
  attributes: string;
}

const none: Progress = {
  position: { sequence: 0, offset: 0 },
  held: {},
  ahead: 0,
  inode: 0,
  size: 0,
  collected: false,
  attributes: "",
};

/**
 * A container's log once more, in the lines of Docker's json-file and with its rotation (`.1`, `.2.gz` …), for programs
 * that follow such files. A crash at any point neither doubles nor loses a line.
 */
export class CollectedFile {
  #progress: Progress;
  #joiner: LineJoiner;
  #fd: number | null = null;
  #size = 0;
  /** Bytes of the stream that are in the file already. */
  #skip = 0;
  #compressing: Promise<void> = Promise.resolve();
  /**
   * The log's older content is being copied in, faster than any container writes. A collector that looks every few
   * seconds would miss files that are rotated away in between, so during this time the file may grow as large as the
   * whole log.
   */
  filling = false;

  /** `statePath`: where the progress is kept. */
  constructor(
    private readonly path: string,
    private readonly statePath: string,
    private readonly limits: LogLimits,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#progress = readProgress(statePath);
    this.#joiner = new LineJoiner(this.#progress.held);
  }

  get position(): LogPosition {
    return this.#progress.position;
  }

  get collected(): boolean {
    return this.#progress.collected;
  }

  get size(): number {
    return this.#fd === null ? (statSync(this.path, { throwIfNoEntry: false })?.size ?? 0) : this.#size;
  }

  markCollected(): void {
    this.#save({ ...this.#progress, collected: true });
  }

  /** What every line is to carry from now on. */
  setAttributes(attributes: string): void {
    if (attributes !== this.#progress.attributes) this.#save({ ...this.#progress, attributes });
  }

  /** Makes it where it is missing, empty. */
  ensure(): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o710 });
    try {
      closeSync(openSync(this.path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o640));
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
  }

  /** Opens it for {@link append}. Nobody is to mistake that for a reader. */
  open(): void {
    if (this.#fd !== null) return;
    this.#fd = openSync(this.path, constants.O_CREAT | constants.O_APPEND | constants.O_WRONLY, 0o640);
    const { ino, size } = fstatSync(this.#fd);
    this.#size = size;
    const { inode, size: known, ahead } = this.#progress;
    this.#skip = ahead;
    if (ino === inode && size >= known) this.#skip += size - known;
    // Another file, or a shorter one: new, rotated, or somebody has emptied it. Noted before anything is written, so
    // that after a crash it is known what was.
    else this.#save({ ...this.#progress, inode: ino, size });
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** Resolves when nothing is being compressed. */
  settled(): Promise<void> {
    return this.#compressing;
  }

  async append({ entries, position }: LogBatch): Promise<void> {
    await this.#write(
      entries.flatMap((entry) => this.#joiner.push(entry)),
      position,
    );
  }

  /** The writer has ended: lines that were begun stay so. */
  async flush(): Promise<void> {
    const lines = this.#joiner.flush();
    if (lines.length > 0) await this.#write(lines, this.#progress.position);
  }

  async #write(lines: Parameters<typeof encodeJsonLine>[0][], position: LogPosition): Promise<void> {
    const { maxSize, maxFiles } = this.limits;
    const turnsOverAt = maxSize === null ? Infinity : maxSize * (this.filling ? maxFiles : 1);
    /** Bytes of the stream behind the recorded position. */
    let made = 0;
    let waiting: Buffer[] = [];
    const writeWaiting = () => {
      const bytes = Buffer.concat(waiting);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd ?? -1, bytes, at);
      waiting = [];
    };
    for (const line of lines) {
      const whole = Buffer.from(encodeJsonLine(line, this.#progress.attributes));
      // Of a line that a crash has cut off the rest is missing.
      const missing = whole.subarray(Math.min(this.#skip, whole.length));
      this.#skip -= whole.length - missing.length;
      if (missing.length === whole.length && this.#size >= turnsOverAt) {
        writeWaiting();
        await this.#rotate(made);
      }
      made += whole.length;
      this.#size += missing.length;
      waiting.push(missing);
    }
    writeWaiting();
    this.#save({ ...this.#progress, position, held: this.#joiner.held, ahead: this.#skip, ...this.#identity() });
  }

  #identity(): { inode: number; size: number } {
    return { inode: this.#fd === null ? 0 : fstatSync(this.#fd).ino, size: this.#size };
  }

  /** `ahead`: bytes of the stream behind the recorded position that go with the file. */
  async #rotate(ahead: number): Promise<void> {
    // The one before is to be out of the way.
    await this.#compressing;
    const {
      path,
      limits: { maxFiles, compress },
    } = this;
    this.#save({ ...this.#progress, ahead, ...this.#identity() });
    this.close();
    const suffix = compress ? ".gz" : "";
    if (maxFiles < 2) rmSync(path, { force: true });
    else {
      if (compress) await this.#compressLeft();
      rmSync(`${path}.${maxFiles - 1}${suffix}`, { force: true });
      for (let at = maxFiles - 2; at >= 1; at--) renameIfThere(`${path}.${at}${suffix}`, `${path}.${at + 1}${suffix}`);
      renameIfThere(path, `${path}.1`);
    }
    this.open();
    this.#skip = 0;
    this.#save({ ...this.#progress, ahead, ...this.#identity() });
    if (compress && maxFiles > 1) this.#compressing = compressFile(`${path}.1`, { mode: 0o640 }).catch(this.failed);
  }

  /** A file whose compression a crash has cut off. */
  async #compressLeft(): Promise<void> {
    if (statSync(`${this.path}.1`, { throwIfNoEntry: false })) await compressFile(`${this.path}.1`, { mode: 0o640 });
  }

  #save(progress: Progress): void {
    this.#progress = progress;
    const partial = `${this.statePath}.part`;
    mkdirSync(dirname(this.statePath), { recursive: true, mode: 0o710 });
    writeFileSync(partial, JSON.stringify(progress), { mode: 0o600 });
    renameSync(partial, this.statePath);
  }
}

/** A note that a power failure has cut off counts as none: the file then continues after what it has. */
function readProgress(path: string): Progress {
  try {
    return { ...none, ...JSON.parse(readFileSync(path, "utf8")) };
  } catch (error) {
    if (hasCode(error, "ENOENT") || error instanceof SyntaxError) return none;
    throw new Error(`cannot read ${path}: ${errorMessage(error)}`, { cause: error });
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
