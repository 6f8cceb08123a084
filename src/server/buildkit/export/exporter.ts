import type { Solved } from "../../../builder/solved.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { goBoolean } from "../../../lib/go-boolean.ts";
import type { ServerDeps } from "../../deps.ts";
import type { ExporterResponse, Job } from "../jobs.ts";
import type { Step } from "../progress.ts";

/** What exporters are told, by the names of BuildKit's attributes. */
export type Attributes = ReadonlyMap<string, string>;

/** A build that something is to be made of. */
export interface Exporting {
  deps: ServerDeps;
  job: Job;
  solved: Solved;
  /** Of this exporter among all that the client asked for. */
  index: number;
}

/** Makes something of a build; what it gives is for the client. */
export type Export = (exporting: Exporting) => Promise<ExporterResponse>;

/** One kind of thing that is made of builds. Throws for attributes that it cannot honour, before anything is built. */
export type Exporter = (attributes: Attributes) => Export;

/** Does a part of the work as a vertex of its own. */
export async function asStep<T>(
  { job }: Pick<Exporting, "job">,
  name: string,
  work: (step: Step) => Promise<T>,
): Promise<T> {
  const step = job.progress.step(name);
  step.start();
  try {
    const made = await work(step);
    step.done();
    return made;
  } catch (error) {
    step.fail(errorMessage(error));
    throw error;
  }
}

/** Whether the client wants an index, for one platform too. */
export function wantsIndex({ job, solved }: Exporting): boolean {
  const asked = job.request.frontendAttrs.get("multi-platform") ?? solved.request.buildArgs["BUILDKIT_MULTI_PLATFORM"];
  return asked !== undefined && goBoolean(asked) === true;
}
