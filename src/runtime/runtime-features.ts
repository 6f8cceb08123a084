import { internal } from "../lib/errors.ts";
import type { RuntimeDeps } from "./deps.ts";
import { runRuntime } from "./runtime-command.ts";

/** What a runtime says of itself (`features`), as far as it is asked here; see the runtime specification. */
interface RuntimeFeatures {
  linux?: { netDevices?: { enabled?: boolean } };
}

/**
 * Throws where a runtime would pass over the network devices of a specification, as runc before 1.4 and crun
 * before 1.22 do.
 */
export async function requireNetDevices(deps: RuntimeDeps, name: string): Promise<void> {
  const { linux } = await featuresOf(deps, name);
  if (!linux?.netDevices?.enabled)
    throw internal(`the runtime ${name || deps.defaultRuntime} cannot move network devices into a container`);
}

/** Nothing where the runtime does not know the verb. */
async function featuresOf(deps: RuntimeDeps, name: string): Promise<RuntimeFeatures> {
  const { exitCode, stdout } = await runRuntime(deps, name, ["features"]);
  if (exitCode !== 0) return {};
  try {
    // The border: a field of another type counts as none where it is asked for.
    return JSON.parse(stdout) as RuntimeFeatures;
  } catch {
    return {};
  }
}
