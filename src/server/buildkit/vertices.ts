import type { BuildEvent, StepInfo } from "../../api/build-events.ts";
import type { BuildReader } from "../../builder/events.ts";
import type { Progress, Step } from "./progress.ts";

/** A step of the builder with the vertex that stands for it. */
interface Followed {
  info: StepInfo;
  vertex: Step;
  /** Of a FROM: the vertex of looking the image up, until that is done. */
  metadata: Step | undefined;
  cached: boolean;
}

/**
 * Tells a build's events as BuildKit tells them: steps that neither change files nor bring an image are not told of;
 * that of a FROM is in two parts, the look-up of the image and the image. `warn` tells a finding of the checks.
 * Gives the digest of the step that failed first.
 */
export async function follow(
  reader: BuildReader,
  progress: Progress,
  warn: (warning: Extract<BuildEvent, { kind: "warning" }>) => void,
): Promise<string | undefined> {
  const steps = new Map<string, Followed>();
  const lookUps = new Map<string, Step>();
  /** The last vertex of each stage: what the next one of it waits for. */
  const last = new Map<string, string>();
  let failed: string | undefined;
  for await (const event of reader) {
    if (event.kind === "warning") {
      warn(event);
      continue;
    }
    if (event.kind === "need") continue;
    if (event.kind === "cache") {
      const vertex = progress.step(`importing cache manifest from ${event.source}`);
      if (event.error === undefined) vertex.done();
      else vertex.fail(event.error);
      continue;
    }
    if (event.kind === "step") {
      const { step } = event;
      if (step.label === undefined && step.total > 0) continue;
      const before = last.get(step.stage);
      const vertex = progress.step(nameOf(step, step.text), before === undefined ? [] : [before]);
      last.set(step.stage, vertex.digest);
      steps.set(step.id, { info: step, vertex, metadata: undefined, cached: false });
      vertex.announce();
      continue;
    }
    const step = steps.get(event.id);
    if (!step) continue;
    if (event.kind === "failed" && event.message !== "context canceled")
      failed ??= (step.metadata ?? step.vertex).digest;
    await tell(step, event, progress, lookUps);
  }
  return failed;
}

function nameOf({ label }: StepInfo, text: string): string {
  if (label === undefined) return text;
  return `${label} ${ofContext(label) ? text.replace(/^FROM /, "") : text}`;
}

/** An image that a named context stands for. */
const ofContext = (label = "") => label.startsWith("[context ");

async function tell(
  step: Followed,
  event: Exclude<BuildEvent, { kind: "warning" | "need" | "step" }>,
  progress: Progress,
  lookUps: Map<string, Step>,
): Promise<void> {
  const { info, vertex } = step;
  switch (event.kind) {
    case "named": {
      const name = nameOf(info, event.text);
      if (name !== nameOf(info, info.text)) vertex.announce(name);
      const image = /^FROM (\S+)$/.exec(event.text)?.[1];
      if (info.number !== 1 || image === undefined || lookUps.has(image)) return;
      step.metadata = progress.step(`${ofContext(info.label) ? info.label : "[internal]"} load metadata for ${image}`);
      lookUps.set(image, step.metadata);
      return;
    }
    case "started":
      (step.metadata ?? vertex).start();
      return;
    case "cached":
      step.cached = true;
      return;
    case "running":
      return;
    case "output":
      return vertex.output(event.stream, event.data);
    case "status": {
      begin(step);
      const { text, current = 0, total = 0 } = event;
      vertex.status(text, { current, total, done: current >= total });
      return;
    }
    case "done":
      begin(step);
      vertex.done({ cached: step.cached });
      return;
    case "failed":
      (step.metadata ?? vertex).fail(event.message);
      return;
  }
}

/** The image of a FROM was found: what comes now is about its layers. */
function begin(step: Followed): void {
  if (step.metadata === undefined) return;
  step.metadata.done();
  step.metadata = undefined;
  step.vertex.start();
}
