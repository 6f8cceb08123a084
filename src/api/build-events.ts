/**
 * What a build tells while it goes on. Steps are announced before they begin, in the order of the file per stage. Over
 * the API (`POST /build?progress=events`) each is `{"id": "berth.build", "aux": event}`, the bytes of output in base64.
 */
export type BuildEvent =
  | { kind: "step"; step: StepInfo }
  /** What the step does, with its variables in place, and how it is labelled now. */
  | { kind: "named"; id: string; text: string; label?: string }
  /** `layer`: it is not in the cache and has to be done. */
  | { kind: "started"; id: string; at: number; layer?: true }
  /** The sandbox that a command runs in; gone when the step is done. */
  | { kind: "running"; id: string; container: string }
  | { kind: "cached"; id: string }
  | { kind: "output"; id: string; stream: 1 | 2; data: Uint8Array }
  /** A pull or a transfer: as progress of images reads. */
  | { kind: "status"; id: string; text: string; current?: number; total?: number }
  /**
   * `image`: id of the image that the stage would be so far, empty for nothing at all; `known`: such an image is here
   * already.
   */
  | { kind: "done"; id: string; at: number; layer?: string; bytes?: number; image?: string; known?: true }
  | { kind: "failed"; id: string; message: string }
  /** Content of these entries of the context's index is to be sent (api/build-context.ts). */
  | { kind: "need"; entries: number[] }
  | { kind: "warning"; rule: string; message: string; line: number };

/** One step of a build, as progress shows it. */
export interface StepInfo {
  id: string;
  /** Stage name, or its number. */
  stage: string;
  stageIndex: number;
  /**
   * 1-based within the stage, and how many steps the stage has; both 0 for what belongs to no stage, as the export of a
   * cache.
   */
  number: number;
  total: number;
  /** The instruction as written, on one line. */
  text: string;
  /** Names of the images that it begins with or takes files from. */
  images?: string[];
  /** How BuildKit labels it: `[stage-1 2/4]`. Absent for steps that neither change files nor bring an image. */
  label?: string;
  /** Id of the FROM whose image brought this instruction. */
  trigger?: string;
}
