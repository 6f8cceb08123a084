import type { BuildHistory } from "../../builder/history/history.ts";
import { Uploads } from "../build/uploads.ts";
import { ClientTraces } from "./client-traces.ts";
import { Jobs } from "./jobs.ts";
import { Sessions } from "./sessions.ts";

/** The clients of BuildKit's interface that are connected, and their builds. */
export class BuildKit {
  readonly sessions = new Sessions();
  readonly jobs = new Jobs();
  readonly traces = new ClientTraces();

  constructor(readonly history: BuildHistory) {}
  /** Contexts on their way by `POST /build`. */
  readonly uploads = new Uploads();
}
