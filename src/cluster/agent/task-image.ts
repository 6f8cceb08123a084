import type { RegistryCredentials } from "../../image/remote/credentials.ts";
import { inspectDistribution } from "../../image/remote/inspect.ts";
import { pullImage } from "../../image/remote/pull.ts";
import { errorMessage, isNotFound, notFound } from "../../lib/errors.ts";
import { parseReference } from "../../oci/reference.ts";
import type { AgentDeps } from "./deps.ts";

/** Milliseconds after which a registry is asked no longer, where the image is here already. */
const patience = 1500;
/** Milliseconds for which what a registry said of an image holds for all tasks that want it. */
const remembered = 10_000;
/** By image and credentials: whether a registry has it to give. */
const asked = new Map<string, Promise<boolean>>();

/**
 * Has the image of a task here. One that is named by its digest is not asked for again; where a registry cannot be
 * reached, what is here is good enough. Throws `not-found`, with the registry's reason.
 */
export async function ensureImage(
  { containers, remote }: AgentDeps,
  reference: string,
  auth: RegistryCredentials | undefined,
  signal: AbortSignal,
): Promise<void> {
  const here = isHere(containers, reference);
  if (here && (parseReference(reference).digest !== undefined || !(await isThere(remote, reference, auth)))) return;
  try {
    for await (const _ of pullImage(remote, { reference, allTags: false, signal, ...(auth && { auth }) })) {
      // Nobody watches.
    }
  } catch (error) {
    signal.throwIfAborted();
    if (here) return;
    throw notFound(`No such image: ${reference}: ${errorMessage(error)}`, error);
  }
}

function isHere({ images }: AgentDeps["containers"], reference: string): boolean {
  try {
    images.resolve(reference);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function isThere(
  remote: AgentDeps["remote"],
  reference: string,
  auth: RegistryCredentials | undefined,
): Promise<boolean> {
  const key = JSON.stringify([reference, auth]);
  const known = asked.get(key);
  if (known) return known;
  const answer = inspectDistribution(remote, reference, auth, AbortSignal.timeout(patience)).then(
    () => true,
    () => false,
  );
  asked.set(key, answer);
  void answer.then(() => setTimeout(() => asked.delete(key), remembered).unref());
  return answer;
}
