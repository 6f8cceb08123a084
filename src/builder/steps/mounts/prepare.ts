import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../../lib/ids.ts";
import type { Mount } from "../../../linux/mount.ts";
import type { RunMount } from "../../dockerfile/instructions.ts";
import type { Script } from "../run-command.ts";
import { agentMount } from "./agent.ts";
import { bindMount } from "./bind.ts";
import { cacheMount, lockCaches } from "./cache.ts";
import { type MadeMount, type Mounting, targetOf } from "./mounting.ts";
import { secretMount } from "./secret.ts";
import { tmpfsMount } from "./tmpfs.ts";

/**
 * Makes what `RUN --mount` asks for, and registers on `undo` how it goes again. Secrets and sockets stand in a
 * directory of the exec root for as long as the step runs; they never touch the root filesystem.
 */
export async function prepareRunMounts(
  step: Omit<Mounting, "origin" | "undo" | "scratch"> & {
    mounts: readonly RunMount[];
    /** Stands in the sandbox beside them. */
    script: Script | undefined;
  },
  origin: Mounting["origin"],
  undo: AsyncDisposableStack,
): Promise<{ mounts: Mount[]; env: string[] }> {
  const scratch = join(step.deps.execRoot, "builds", newId());
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  undo.defer(() => rmSync(scratch, { recursive: true, force: true }));
  const mounting: Mounting = { ...step, origin, undo, scratch };
  const mounts: Mount[] = [];
  const env: string[] = [];
  if (step.script) mounts.push(scriptMount(step.script, join(scratch, "script")));
  await lockCaches(mounting, step.mounts);
  let agents = 0;
  for (const [index, mount] of step.mounts.entries()) {
    const destination = targetOf(mounting, mount);
    const place = join(scratch, String(index));
    const made = await make(mounting, mount, destination, place, agents);
    if (made.mount && mount.type === "ssh" && destination === "") agents++;
    if (made.mount) mounts.push(made.mount);
    // Of several agents the first is the one that programs look for.
    if (made.env !== undefined && !(mount.type === "ssh" && env.some((each) => each.startsWith("SSH_AUTH_SOCK="))))
      env.push(made.env);
  }
  return { mounts, env };
}

function scriptMount({ path, content }: Script, source: string): Mount {
  writeFileSync(source, content, { mode: 0o755 });
  return { destination: path, type: "bind", source, options: ["rbind", "ro"] };
}

/** `place`: a path that is free for the mount's own files. `agents`: how many came before it without a target. */
async function make(
  mounting: Mounting,
  mount: RunMount,
  destination: string,
  place: string,
  agents: number,
): Promise<MadeMount> {
  switch (mount.type) {
    case "tmpfs":
      return tmpfsMount(mount, destination);
    case "secret":
      return secretMount(mounting, mount, destination, place);
    case "ssh":
      return agentMount(mounting, mount, destination || `/run/buildkit/ssh_agent.${agents}`, place);
    case "cache":
      return cacheMount(mounting, mount, destination);
    case "bind":
      return bindMount(mounting, mount, destination, place);
  }
}
