import type { BuildEvent } from "../../api/build-events.ts";
import type { Output } from "../deps.ts";
import { label, type Step, type Steps, seconds } from "./steps.ts";

/** A build as lines that only ever grow: `#3 [builder 2/4] RUN make`, `#3 1.204 output`, `#3 DONE 2.1s`. */
export class PlainView {
  readonly #told = new Set<Step>();

  constructor(
    private readonly out: Output,
    private readonly steps: Steps,
  ) {}

  show(event: BuildEvent): void {
    if (event.kind === "warning") {
      this.out.write(`WARNING: ${event.rule}: ${event.message}${event.line ? ` (line ${event.line})` : ""}\n`);
      return;
    }
    const taken = this.steps.take(event);
    if (!taken) return;
    const { step, lines } = taken;
    if (!this.#told.has(step)) {
      this.#told.add(step);
      this.out.write(`\n#${step.number} ${label(step)}\n`);
    }
    for (const line of lines)
      this.out.write(
        `#${step.number} ${step.startedAt ? `${((Date.now() - step.startedAt) / 1000).toFixed(3)} ` : ""}${line}\n`,
      );
    if (event.kind === "cached") this.out.write(`#${step.number} CACHED\n`);
    if (event.kind === "done" && step.state === "done")
      this.out.write(`#${step.number} DONE ${seconds(step.endedAt - step.startedAt)}\n`);
    if (event.kind === "failed") this.out.write(`#${step.number} ERROR: ${event.message}\n`);
  }
}
