import type { BuildEvent, StepInfo } from "../../api/build-events.ts";

/** One step of a build as a client sees it. Times in ms since 1970 on the engine's clock. */
export interface Step {
  info: StepInfo;
  /** In the order of beginning. */
  number: number;
  state: "waiting" | "running" | "cached" | "done" | "failed";
  startedAt: number;
  endedAt: number;
  /** The last lines of output and of status. */
  tail: string[];
  bytes: number;
}

const tailLines = 200;

/** Follows a build's events. */
export class Steps {
  readonly all: Step[] = [];
  readonly #byId = new Map<string, Step>();
  readonly #decoders = new Map<string, { decoder: TextDecoder; rest: string }>();
  #begun = 0;

  /** Takes an event in; returns the step that it is about and the whole lines that it brought. */
  take(event: BuildEvent): { step: Step; lines: string[] } | undefined {
    if (event.kind === "warning" || event.kind === "need") return undefined;
    if (event.kind === "step") {
      const step: Step = {
        info: event.step,
        number: 0,
        state: "waiting",
        startedAt: 0,
        endedAt: 0,
        tail: [],
        bytes: 0,
      };
      this.all.push(step);
      this.#byId.set(event.step.id, step);
      return undefined;
    }
    const step = this.#byId.get(event.id);
    if (!step) return undefined;
    if (event.kind === "named") {
      step.info = { ...step.info, text: event.text };
      return undefined;
    }
    if (step.number === 0) step.number = ++this.#begun;
    let lines: string[] = [];
    switch (event.kind) {
      case "started":
        step.state = "running";
        step.startedAt = event.at;
        break;
      case "cached":
        step.state = "cached";
        break;
      case "output":
        lines = this.#lines(`${event.id} ${event.stream}`, event.data);
        break;
      case "status":
        lines = [event.text];
        break;
      case "done":
        if (step.state !== "cached") step.state = "done";
        step.endedAt = event.at;
        step.bytes = event.bytes ?? 0;
        break;
      case "failed":
        step.state = "failed";
        break;
    }
    step.tail.push(...lines);
    if (step.tail.length > tailLines) step.tail.splice(0, step.tail.length - tailLines);
    return { step, lines };
  }

  get done(): number {
    return this.all.filter((step) => step.state === "done" || step.state === "cached").length;
  }

  #lines(key: string, data: Uint8Array): string[] {
    const held = this.#decoders.get(key) ?? { decoder: new TextDecoder(), rest: "" };
    this.#decoders.set(key, held);
    const parts = (held.rest + held.decoder.decode(data, { stream: true })).split("\n");
    held.rest = (parts.pop() ?? "").slice(-16_384);
    // What a carriage return overwrote is not shown.
    return parts.map((line) => line.replace(/\r$/, "").replace(/^.*\r/, ""));
  }
}

/** `[builder 2/5] RUN make` */
export function label({ info }: Step): string {
  if (info.total === 0) return info.text;
  const stage = /^\d+$/.test(info.stage) ? `stage-${info.stage}` : info.stage;
  return `[${stage} ${info.number}/${info.total}] ${info.text}`;
}

/** Seconds with one digit. */
export function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
}
