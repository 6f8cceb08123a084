import type { Output } from "../deps.ts";
import { humanSize } from "../format/units.ts";
import { displayWidth, ellipsis } from "../format/width.ts";
import { label, type Step, type Steps, seconds } from "./steps.ts";

/** Lines of output shown below each running step. */
const outputLines = 4;
const frameMs = 80;

/**
 * A build on a terminal: a list of its steps with times, redrawn in place, the running ones with their last lines.
 * What is finished and does not fit any more scrolls away for good.
 */
export class LiveView {
  #drawn = 0;
  #timer: Timer | undefined;
  readonly #startedAt = Date.now();
  readonly #settled = new Set<Step>();

  constructor(
    private readonly out: Output,
    private readonly steps: Steps,
    private readonly colour: boolean,
  ) {
    this.#timer = setInterval(() => this.draw(), frameMs);
  }

  draw(final = false): void {
    const [columns = 80, rows = 24] = this.out.size();
    const body: string[] = [];
    for (const step of this.steps.all) {
      if (step.state === "waiting" || this.#settled.has(step)) continue;
      body.push(this.#line(step, columns));
      if (step.state === "running")
        for (const line of step.tail.slice(-outputLines)) body.push(this.#dim(fit(` => => ${clean(line)}`, columns)));
    }
    let text = this.#drawn > 0 ? `\x1b[${this.#drawn}A\x1b[J` : "";
    const room = Math.max(3, rows - 2);
    // The oldest finished steps leave the moving part when it outgrows the screen.
    while (!final && body.length + 1 > room) {
      const oldest = this.steps.all.find(
        (step) => !this.#settled.has(step) && (step.state === "done" || step.state === "cached"),
      );
      if (!oldest) break;
      this.#settled.add(oldest);
      const line = this.#line(oldest, columns);
      body.splice(body.indexOf(line), 1);
      text += `${line}\n`;
    }
    const shown = final ? body : body.slice(-room);
    const head = this.#bold(
      fit(
        `[+] Building ${seconds(Date.now() - this.#startedAt)} ` +
          `(${this.steps.done}/${this.steps.all.length})${final ? " FINISHED" : ""}`,
        columns,
      ),
    );
    text += [head, ...shown].map((line) => `${line}\n`).join("");
    this.#drawn = shown.length + 1;
    this.out.write(text);
  }

  /** Draws for the last time and leaves the cursor below. */
  end(): void {
    clearInterval(this.#timer);
    this.draw(true);
    this.#drawn = 0;
  }

  /** Where the time went: the three longest steps, where there is something to tell. */
  summary(): void {
    const slow = this.steps.all
      .filter((step) => step.state === "done")
      .map((step) => ({ step, ms: step.endedAt - step.startedAt }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, 3)
      .filter(({ ms }) => ms >= 1000);
    if (slow.length === 0) return;
    const [columns = 80] = this.out.size();
    this.out.write(
      "\nMost time went into\n" +
        `${slow.map(({ step, ms }) => fit(`  ${seconds(ms).padStart(7)}  ${label(step)}`, columns)).join("\n")}\n`,
    );
  }

  #line(step: Step, columns: number): string {
    const mark = step.state === "cached" ? "CACHED " : step.state === "failed" ? "ERROR " : "";
    const time = step.state === "cached" ? "0.0s" : seconds((step.endedAt || Date.now()) - step.startedAt);
    const right = `${step.bytes > 0 ? `${humanSize(step.bytes)}  ` : ""}${time}`;
    const left = ` => ${mark}${label(step)}`;
    const width = Math.max(10, columns - displayWidth(right) - 2);
    const line = `${fit(left, width).padEnd(width)} ${right}`;
    if (!this.colour) return line;
    return step.state === "failed"
      ? `\x1b[31m${line}\x1b[0m`
      : step.state === "running"
        ? line
        : `\x1b[34m${line}\x1b[0m`;
  }

  #dim(text: string): string {
    return this.colour ? `\x1b[2m${text}\x1b[0m` : text;
  }
  #bold(text: string): string {
    return this.colour ? `\x1b[1m${text}\x1b[0m` : text;
  }
}

/** Output of a build may hold anything; nothing of it may move the cursor. */
function clean(text: string): string {
  return text
    .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07?/g, "")
    .replace(/\t/g, "    ")
    .replace(/[\x00-\x1f\x7f]/g, "");
}

function fit(text: string, columns: number): string {
  return displayWidth(text) > columns ? ellipsis(text, columns) : text;
}
