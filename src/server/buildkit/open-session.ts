import type { BuildSession } from "../../builder/session/session.ts";
import type { ServerDeps } from "../deps.ts";
import { ClientSession } from "./client-session.ts";
import type { Job } from "./jobs.ts";
import { type FrontendOptions, uploadOf } from "./options.ts";
import type { Step } from "./progress.ts";

/**
 * Finds the client of a build, whose end is the build's. `definition`: the step of reading the Dockerfile. Rejects
 * where the client does not come.
 */
export async function openSession(
  { buildkit }: Pick<ServerDeps, "buildkit">,
  job: Job,
  options: FrontendOptions,
  definition: Step,
): Promise<BuildSession> {
  const { given, request, progress, undo, signal } = job;
  if (given.session) return given.session;
  const connection = await buildkit.sessions.find(request.session, signal);
  const gone = () => job.cancel(connection.gone.reason);
  connection.gone.addEventListener("abort", gone, { once: true, signal });
  if (connection.gone.aborted) gone();
  const session = new ClientSession(
    connection,
    progress,
    {
      dockerfile: options.get("dockerfilekey") || "dockerfile",
      context: options.get("contextkey") || "context",
      apart: options.has("dockerfilekey"),
      upload: given.context ?? uploadOf(options),
    },
    definition,
  );
  undo.defer(() => session.close());
  return session;
}
