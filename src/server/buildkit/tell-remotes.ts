import { isGitContext } from "../../builder/source/add-source.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { Progress } from "./progress.ts";

/** Getting contexts from elsewhere, the build's own and named ones, is told as a vertex each. */
export async function tellRemotes<T>(
  progress: Progress,
  remote: string,
  named: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  const names = [
    ...(remote === "" || remote === "client-session" ? [] : [nameOf(remote)]),
    ...Object.values(named).filter(isGitContext).map(nameOf),
  ];
  const steps = [...new Set(names)].map((name) => progress.step(name));
  for (const step of steps) step.start();
  try {
    const got = await work();
    for (const step of steps) step.done();
    return got;
  } catch (error) {
    for (const step of steps) step.fail(errorMessage(error));
    throw error;
  }
}

const nameOf = (remote: string) =>
  isGitContext(remote) ? `[internal] load git source ${remote}` : "[internal] load remote build context";
