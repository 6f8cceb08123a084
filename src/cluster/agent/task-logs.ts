import { encodeFrames } from "../../api/stdcopy.ts";
import type { ContainerDeps } from "../../container/deps.ts";
import { shownOutput } from "../../container/logs/logs.ts";
import { containerNamed } from "../../container/lookup.ts";
import type { TaskObject } from "../model/objects.ts";
import { taskName } from "./task-name.ts";

/** What of a task's log is asked for, as it goes over the wire: the query of `GET /tasks/{id}/logs`. */
export type TaskLogOptions = Partial<
  Record<"follow" | "stdout" | "stderr" | "since" | "until" | "timestamps" | "tail" | "details", string>
>;

/**
 * What a task of this machine writes, in the frames of `stdcopy`; with `details` each line begins with what it is a
 * line of. Nothing where it has no container. Reads only as fast as it is read.
 */
export async function* taskLogs(
  deps: ContainerDeps,
  task: TaskObject,
  { since, until, tail, ...flags }: TaskLogOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const c = containerNamed(deps, taskName(task));
  if (!c) return;
  const is = (flag: string | undefined) => flag === "1";
  const entries = await shownOutput(deps, c, {
    follow: is(flags.follow),
    stdout: is(flags.stdout),
    stderr: is(flags.stderr),
    signal,
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(tail !== undefined && { tail }),
  });
  const details = is(flags.details) ? `${attributesOf(task)} ` : "";
  const within = { 1: false, 2: false };
  for await (const batch of entries) {
    const frames = batch.map(({ stream, time, data, partial }) => {
      const prefix = within[stream] ? "" : `${is(flags.timestamps) ? `${time} ` : ""}${details}`;
      within[stream] = partial;
      return { stream, data: prefix ? Buffer.concat([Buffer.from(prefix), data]) : data };
    });
    yield encodeFrames(frames);
  }
}

function attributesOf({ ID, NodeID, ServiceID }: TaskObject): string {
  return (
    `com.docker.swarm.node.id=${NodeID},com.docker.swarm.service.id=${ServiceID},` + `com.docker.swarm.task.id=${ID}`
  );
}
