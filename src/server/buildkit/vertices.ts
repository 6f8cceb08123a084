import type { BuildEvent, StepInfo } from "../../api/build-events.ts";
import type { BuildReader } from "../../builder/events.ts";
import type { LookUps } from "./look-ups.ts";
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
  lookUps: LookUps,
  warn: (warning: Extract<BuildEvent, { kind: "warning" }>) => void,
): Promise<string | undefined> {
  const steps = new Map<string, Followed>();
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
      if (step.label === undefined && (step.total > 0 || step.trigger !== undefined)) continue;
      const { images = [] } = step;
      const base = step.number === 1 ? images[0] : undefined;
      const before = last.get(step.stage);
      const inputs = [
        ...(before === undefined ? [] : [before]),
        ...(base === undefined ? lookUps.announce(images) : []),
      ];
      const vertex = progress.step(nameOf(step, base === undefined ? step.text : lookUps.nameOf(base)), inputs);
      last.set(step.stage, vertex.digest);
      const metadata = base === undefined ? undefined : lookUps.claim(base);
      steps.set(step.id, { info: step, vertex, metadata, cached: false });
      vertex.announce();
      continue;
    }
    const step = steps.get(event.id);
    if (!step) continue;
    const { images = [] } = step.info;
    if (event.kind === "failed") {
      const vertex = step.metadata ?? lookUps.failed(images, event.message) ?? step.vertex;
      // What the whole failure begins with is not said of the step.
      vertex.fail(event.message.replace(/^failed to compute cache key: /, ""));
      if (event.message !== "context canceled") failed ??= vertex.digest;
      continue;
    }
    if (event.kind === "started" || event.kind === "done") lookUps.found(images);
    await tell(step, event);
  }
  return failed;
}

/** An image that a named context stands for says so itself. */
function nameOf({ label, text }: StepInfo, told = text): string {
  return label === undefined || told.startsWith("[context ") ? told : `${label} ${told}`;
}

async function tell(
  step: Followed,
  event: Exclude<BuildEvent, { kind: "warning" | "need" | "step" | "failed" }>,
): Promise<void> {
  const { info, vertex } = step;
  switch (event.kind) {
    case "named": {
      // That of an image is known from the beginning.
      const name = nameOf({ ...info, ...(event.label !== undefined && { label: event.label }) }, event.text);
      if (name !== nameOf(info) && (info.number !== 1 || info.images === undefined)) vertex.announce(name);
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
  }
}

/** The image of a FROM was found: what comes now is about its layers. */
function begin(step: Followed): void {
  if (step.metadata === undefined) return;
  step.metadata.done();
  step.metadata = undefined;
  step.vertex.start();
}
