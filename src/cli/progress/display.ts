import type { ProgressEvent } from "../../api/progress.ts";
import type { Output } from "../deps.ts";
import { CliError } from "../errors.ts";
import { ellipsis } from "../format/width.ts";
import { isUpdate, plainText, progressText } from "./message.ts";

export interface DisplayOptions {
  /** Shows nothing; errors still end it. */
  quiet?: boolean;
  /** Receives what is meant for programs: digests, ids. */
  onAux?(aux: unknown): void;
}

/**
 * Shows the messages of a long job: on a terminal a line for each layer, redrawn in place; elsewhere one line for
 * each change. A message that carries an error ends it with a {@link CliError}.
 */
export async function displayProgress(
  out: Output,
  messages: AsyncIterable<ProgressEvent>,
  { quiet = false, onAux }: DisplayOptions = {},
): Promise<void> {
  const drawer = quiet ? null : out.isTerminal ? new Drawer(out) : new Printer(out);
  for await (const message of messages) {
    if (message.aux !== undefined && message.aux !== null) {
      onAux?.(message.aux);
      continue;
    }
    // An error is one even where its text is empty.
    if (message.errorDetail || message.error)
      throw new CliError(message.errorDetail?.message || message.error || "", message.errorDetail?.code || 1);
    drawer?.show(message);
    await out.flush();
  }
}

/** Without a terminal: every message that is more than a moving bar. */
class Printer {
  constructor(private readonly out: Output) {}
  show(message: ProgressEvent) {
    const text = plainText(message);
    if (text !== null) this.out.write(text);
  }
}

/** On a terminal: lines of the running layers at the bottom, the cursor always below the last of them. */
class Drawer {
  #lines = new Map<string, number>();

  constructor(private readonly out: Output) {}

  show(message: ProgressEvent) {
    const { id = "", status = "", stream, progressDetail, progress } = message;
    const [columns, rows] = this.out.size();
    const prefix = id === "" ? "" : `${id}: `;
    if (!isUpdate(message)) {
      // Anything else scrolls the lines up: what comes later of the same ids starts lines of its own.
      this.#lines.clear();
      if (progressDetail !== undefined && !stream)
        this.out.write(`\x1b[2K\r${prefix}${status} ${progressText(progressDetail, columns)}\r`);
      else this.out.write(stream ? prefix + stream : `${prefix}${status}\n`);
      return;
    }
    let line = this.#lines.get(id);
    if (line === undefined) {
      line = this.#lines.size;
      this.#lines.set(id, line);
      this.out.write("\n");
    }
    const up = this.#lines.size - line;
    // A line that has scrolled out of sight cannot be reached any more; drawing it would spoil others.
    if (rows > 0 && up >= rows) return;
    const amount = progressDetail ? progressText(progressDetail, columns || 200) : (progress ?? "");
    const text = `${prefix}${status} ${amount}`.trimEnd();
    this.out.write(`\x1b[${up}A\x1b[2K\r${columns > 0 ? ellipsis(text, columns) : text}\r\x1b[${up}B`);
  }
}
