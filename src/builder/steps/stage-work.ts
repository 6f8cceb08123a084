import type { StepInfo } from "../../api/build-events.ts";
import { hasImage } from "../../image/find.ts";
import { digestOf } from "../../oci/digest.ts";
import type { PlannedStage } from "../plan/plan.ts";
import type { Solve } from "../plan/solving.ts";
import { Variables } from "../plan/variables.ts";
import { emptyResult, imageConfig, resultId, type StageResult } from "../result.ts";
import { epochTime } from "./clamp-times.ts";
import type { Configuration } from "./configure.ts";

/** A stage while it is solved: what it has come to so far, which step it is at, and how that is told. */
export class StageWork {
  /** The files so far, and their history. Its `config` and `author` are those of {@link configuration}. */
  state: StageResult;
  /** What the instructions so far say of the image. */
  configuration: Configuration;
  variables: Variables;
  /** The step that is being done. */
  step: StepInfo | undefined;
  /** Nothing comes after the step. */
  last = false;

  constructor(
    readonly build: Solve,
    readonly planned: PlannedStage,
  ) {
    this.state = emptyResult(planned.platform);
    this.variables = new Variables(build.dockerfile.escape, []);
    this.configuration = { config: {}, author: "", cmdSet: false, envSet: false };
  }

  /** Where relative paths of instructions begin. */
  get cwd(): string {
    return this.configuration.config.WorkingDir || "/";
  }

  /** What the stage has come to. */
  result(): StageResult {
    return { ...this.state, ...this.#configured(), variables: this.variables.handOn() };
  }

  /** Adds an instruction to the history. `layer`: it made one. */
  remember(created: string, layer: { chainId: string } | undefined): void {
    const epoch = this.build.request.sourceDateEpoch;
    this.state.history.push({
      ...(epoch !== undefined
        ? { created: epochTime(epoch) }
        : this.state.created !== "" && { created: this.state.created }),
      // Which form the texts have: tools read layers and instructions out of them by this.
      created_by: created,
      comment: "buildkit.dockerfile.v0",
      ...(layer === undefined && { empty_layer: true }),
    });
  }

  /**
   * The last step's is that of the image which it makes; the others' only tell one way from another, for what an image
   * says of itself grows with each.
   */
  imageId(): string {
    if (this.last) return digestOf(JSON.stringify(imageConfig({ ...this.state, ...this.#configured() })));
    return digestOf([this.state.imageId, resultId(this.state), this.state.history.at(-1)?.created_by].join("\n"));
  }

  /** Tells what the step does, with its variables in place. */
  named(text: string): void {
    const by = this.step?.trigger === undefined ? "" : "ONBUILD ";
    const { label } = this.step ?? {};
    this.build.events.emit({ kind: "named", id: this.stepId, text: by + text, ...(label !== undefined && { label }) });
  }

  started(as: { layer?: true } = {}): void {
    this.build.events.emit({ kind: "started", id: this.stepId, at: Date.now(), ...as });
  }

  status(text: string): void {
    this.build.events.emit({ kind: "status", id: this.stepId, text });
  }

  done(layer?: string, bytes?: number): void {
    const { imageId: image } = this.state;
    this.build.events.emit({
      kind: "done",
      id: this.stepId,
      at: Date.now(),
      ...(layer !== undefined && { layer }),
      ...(bytes !== undefined && { bytes }),
      image,
    });
  }

  /** The end of a step that changes what the image says of itself, and no file. */
  doneConfiguring(): void {
    const { deps, request, events } = this.build;
    const image = this.imageId();
    this.state.imageId = image;
    const known = this.last && !request.noCache && hasImage(deps.images, image);
    events.emit({ kind: "done", id: this.stepId, at: Date.now(), image, ...(known && { known }) });
  }

  get stepId(): string {
    return this.step?.id ?? "";
  }

  /** What its instructions say of the image so far. */
  #configured(): Pick<StageResult, "config" | "author"> {
    const { config, author, envSet } = this.configuration;
    if (envSet) config.Env = this.variables.env();
    return { config, author };
  }
}
