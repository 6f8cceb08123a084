import type { Frame } from "../../api/stdcopy.ts";
import { conflict, errorKind, isNotFound } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { recordedOutput } from "../logs/logs.ts";
import { lockContainer } from "../lookup.ts";
import type { ContainerRecord } from "../record.ts";
import type { Attachment } from "./attachment.ts";
import { ClientStream } from "./client-stream.ts";
import { defaultDetachKeys, parseDetachKeys } from "./detach-keys.ts";

/** The query of `POST /containers/<id>/attach`. A stream that is not asked for is not connected. */
export interface AttachOptions {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  /** First sends the output so far. */
  logs?: boolean;
  /** Then sends output as it comes; without it the attachment ends after the logs. */
  stream?: boolean;
  /** Default ctrl-p,ctrl-q; a terminal's input only. */
  detachKeys?: string;
}

/** Joins a container's standard streams. Before its start too: the client is then connected by it. */
export async function attachContainer(deps: ContainerDeps, ref: string, options: AttachOptions): Promise<Attachment> {
  const detachKeys = parseDetachKeys(options.detachKeys || defaultDetachKeys);
  // The lock settles whether a start has this client in its list or has already been, and that the end is still to
  // come.
  using held = await lockContainer(deps, ref);
  const c = held.container;
  if (c.state.phase === "paused") throw conflict(`container ${ref} is paused, unpause the container before attach`);
  if (c.state.phase === "restarting")
    throw conflict(`container ${ref} is restarting, wait until the container is running`);

  const live = deps.live.of(c.id);
  const left = new AbortController();
  const ended = new AbortController();
  const settled = live.nextExit(left.signal).then(
    () => ended.abort(),
    () => {},
  );
  const client: ClientStream = new ClientStream({
    tty: c.spec.config.Tty ?? false,
    stdin: (options.stdin ?? false) && (c.spec.config.OpenStdin ?? false),
    stdout: options.stdout ?? false,
    stderr: options.stderr ?? false,
    detachKeys,
    ...(options.logs && { past: loggedOutput(deps, c, options, ended.signal) }),
    // The log has all of the output, and goes on: log and stream could not be joined to the byte.
    ...(options.logs && options.stream && { deaf: true }),
    settled,
    onDetach: () => publish(deps, c, "detach"),
    onClose: () => {
      left.abort();
      live.pendingClients.delete(client);
    },
  });
  if (!options.stream) client.connect(null);
  else if (c.state.phase === "running") client.connect(await attachOrNull(deps, c.id));
  else live.pendingClients.add(client);
  publish(deps, c, "attach");
  return client;
}

/** null where the container is just ending: there is nothing more to hear. */
async function attachOrNull(deps: ContainerDeps, id: string) {
  try {
    return await deps.runtime.attach(id);
  } catch (error) {
    if (isNotFound(error) || errorKind(error) === "conflict") return null;
    throw error;
  }
}

/** What the log has, and with `stream` what is added to it until the end. Throws at once where no log is kept. */
function loggedOutput(
  deps: ContainerDeps,
  c: ContainerRecord,
  { stdout = false, stderr = false, stream = false }: AttachOptions,
  ended: AbortSignal,
): AsyncIterable<Frame> {
  return singly(recordedOutput(deps, c, { stdout, stderr, ...(stream && { follow: true, ended }) }));
}

async function* singly(batches: AsyncIterable<Frame[]>): AsyncGenerator<Frame> {
  for await (const frames of batches) yield* frames;
}
