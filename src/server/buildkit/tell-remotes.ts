import { isGitContext } from "../../builder/source/add-source.ts";
import type { GettingListener } from "../../builder/source/receive-archive.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { Progress, Step } from "./progress.ts";

/** Getting contexts from elsewhere, the build's own and named ones, is told as a vertex each, with what git says. */
export async function tellRemotes<T>(
  progress: Progress,
  remote: string,
  named: Readonly<Record<string, string>>,
  work: (told: GettingListener) => Promise<T>,
): Promise<T> {
  const sources = [
    ...(remote === "" || remote === "client-session" ? [] : [remote]),
    ...Object.values(named).filter(isGitContext),
  ];
  const steps = new Map<string, Step>(sources.map((source) => [source, progress.step(nameOf(source))]));
  for (const step of steps.values()) step.start();
  let unpacked = false;
  try {
    const got = await work({
      said: (source, text) => void steps.get(source)?.output(2, Buffer.from(text)),
      unpacked: () => {
        unpacked = true;
      },
    });
    for (const step of steps.values()) step.done();
    const first = steps.get(remote);
    if (unpacked && first) progress.step("copy /context /", [first.digest]).done();
    return got;
  } catch (error) {
    for (const step of steps.values()) step.fail(errorMessage(error));
    throw error;
  }
}

const nameOf = (remote: string) =>
  isGitContext(remote) ? `[internal] load git source ${remote}` : "[internal] load remote build context";
