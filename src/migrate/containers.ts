import { hasContainer, type TakenContainer, takeContainer } from "../container/create/take.ts";
import { shouldStartAtBoot } from "../container/life/restart-policy.ts";
import { startContainer } from "../container/life/start.ts";
import { errorMessage } from "../lib/errors.ts";
import { timeNow } from "../linux/clock.ts";
import type { MigrateDeps } from "./deps.ts";
import type { DockerContainer, DockerState } from "./docker/containers.ts";
import { readLogs } from "./docker/logs.ts";
import { keyOf, type Step, type Work } from "./step.ts";
import type { TakenImages } from "./stored-images.ts";

/** The exit code of a container whose end nobody saw. */
const unseenExit = 255;

/** Containers as a data root has them. `taken`: which images here those are that Docker knows by other ids. */
export async function containerSteps(
  deps: MigrateDeps,
  containers: readonly DockerContainer[],
  taken: TakenImages,
): Promise<Step[]> {
  return Promise.all(containers.map((container) => containerStep(deps, container, taken)));
}

async function containerStep(deps: MigrateDeps, container: DockerContainer, taken: TakenImages): Promise<Step> {
  const { id, name, imageId, written, volumes, body, logs } = container;
  const isHere = hasContainer(deps.containers, id);
  const problem = container.problem ?? problemOf(container);
  const takes = !isHere && problem === undefined;
  const size = takes && written !== null ? (await deps.images.archiver.usage(written)).bytes : 0;
  const networks = Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {});
  const step: Step = {
    item: {
      Kind: "container",
      Name: name,
      ID: id,
      State: isHere ? "present" : takes ? "take" : "cannot",
      Reason: isHere ? "" : (problem ?? (logs === null ? "without its log, which is not of the driver json-file" : "")),
      Copied: size,
      Shared: 0,
    },
    names: [name, id],
    needs: [
      keyOf("image", imageId),
      ...Object.values(volumes).map((volume) => keyOf("volume", volume)),
      ...networks.map((network) => keyOf("network", network)),
    ],
    async take(work) {
      await takeContainer(deps.containers, takenOf(container, taken.get(imageId) ?? imageId));
      const remark = await startIfDue(deps, container, work);
      if (remark !== undefined) step.item.Reason = remark;
    },
  };
  return step;
}

function problemOf({ state, written }: DockerContainer): string | undefined {
  if (state.pid > 0) return `it still runs (process ${state.pid}): stop it first`;
  if (written === null) return "what it wrote cannot be read: only the graph driver overlay2 keeps it apart";
  return undefined;
}

function takenOf(container: DockerContainer, imageId: string): TakenContainer {
  const { id, name, created, body, volumes, written, logs, state } = container;
  return {
    ...{ id, name, created, imageId, volumes, state: runOf(state) },
    body: { ...body, HostConfig: { ...body.HostConfig, ...runtimeOf(body) } },
    written: written ?? "",
    log: logs === null ? null : readLogs(logs),
  };
}

/** Docker's own runtime has a name there that says nothing here: the engine's default is what is meant. */
function runtimeOf({ HostConfig }: TakenContainer["body"]): { Runtime?: string } {
  return ["runc", "io.containerd.runc.v2"].includes(HostConfig?.Runtime ?? "") ? { Runtime: "" } : {};
}

function runOf({ cutOff, pid: _, ...state }: DockerState): TakenContainer["state"] {
  const { started } = state;
  if (!started) return { ...state, phase: "created" };
  return { ...state, phase: "exited", ...(cutOff && { exitCode: unseenExit, finishedAt: timeNow() }) };
}

/** Returns what went wrong; the container is here all the same. */
async function startIfDue(
  deps: MigrateDeps,
  { id, body, state }: DockerContainer,
  { start }: Work,
): Promise<string | undefined> {
  const last = { ...state, wasRunning: state.cutOff };
  if (!start || !shouldStartAtBoot(body.HostConfig?.RestartPolicy, last)) return undefined;
  try {
    await startContainer(deps.containers, id);
    return "started";
  } catch (error) {
    return `taken, but not started: ${errorMessage(error)}`;
  }
}
