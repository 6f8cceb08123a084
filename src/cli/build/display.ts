import type { BuildEvent } from "../../api/build-events.ts";
import type { ProgressEvent } from "../../api/progress.ts";
import type { Output } from "../deps.ts";
import { CliError } from "../errors.ts";
import { type Built, nothingBuilt, readBuilt } from "./built.ts";
import { LiveView } from "./live-view.ts";
import { PlainView } from "./plain-view.ts";
import { label, Steps } from "./steps.ts";

export type BuildProgress = "tty" | "plain" | "rawjson" | "quiet";

/** How many lines of a failed step's output are shown again at the end. */
const failureLines = 30;

/**
 * Draws a build from its events and returns what became of it. An engine that sends no events (Docker's own) is shown
 * by the text that it sends. A build that fails ends in a {@link CliError} with the exit code of the step that failed.
 */
export async function displayBuild(
  out: Output,
  messages: AsyncIterable<ProgressEvent>,
  progress: BuildProgress,
  colour: boolean,
): Promise<Built> {
  const steps = new Steps();
  const live = progress === "tty" ? new LiveView(out, steps, colour) : undefined;
  const plain = progress === "plain" ? new PlainView(out, steps) : undefined;
  let built: Built = nothingBuilt;
  let failure: CliError | undefined;
  const warnings: Extract<BuildEvent, { kind: "warning" }>[] = [];
  try {
    for await (const message of messages) {
      const failed = message.errorDetail?.message ?? message.error;
      if (failed) {
        failure = new CliError(failed, message.errorDetail?.code || 1);
        break;
      }
      if (message.id === "berth.build") {
        const event = readEvent(message.aux);
        if (!event) continue;
        if (event.kind === "warning") warnings.push(event);
        if (progress === "rawjson") out.write(`${JSON.stringify(message.aux)}\n`);
        else if (plain) plain.show(event);
        else steps.take(event);
      } else if (message.aux !== undefined) built = readBuilt(message.aux) ?? built;
      else if (message.stream && progress !== "quiet") out.write(message.stream);
      await out.flush();
    }
  } finally {
    live?.end();
  }
  if (failure) {
    const step = steps.all.find((each) => each.state === "failed");
    if (step && step.tail.length > 0 && progress !== "quiet") {
      out.write(`------\n > ${label(step)}:\n${step.tail.slice(-failureLines).join("\n")}\n------\n`);
      await out.flush();
    }
    throw failure;
  }
  live?.summary();
  if (live && warnings.length > 0) {
    out.write(
      `\n ${warnings.length} ${warnings.length === 1 ? "warning" : "warnings"} found:\n` +
        warnings
          .map(({ rule, message, line }) => ` - ${rule}: ${message}${line > 0 ? ` (line ${line})` : ""}\n`)
          .join(""),
    );
  }
  await out.flush();
  return built;
}

/** An event as it came over the wire: its output is base64 there. */
function readEvent(value: unknown): BuildEvent | undefined {
  if (!isObject(value) || typeof value["kind"] !== "string") return undefined;
  const event =
    value["kind"] === "output" && typeof value["data"] === "string"
      ? { ...value, data: new Uint8Array(Buffer.from(value["data"], "base64")) }
      : value;
  return isEvent(event) ? event : undefined;
}

/** The engine that sends these is our own: kind and id are enough to tell them apart. */
function isEvent(value: object): value is BuildEvent {
  if (!("kind" in value)) return false;
  if (value.kind === "step") return "step" in value && isObject(value.step);
  return value.kind === "warning" || ("id" in value && typeof value.id === "string");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
