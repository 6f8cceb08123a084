import type { Frame } from "../api/stdcopy.ts";
import { conflict, errorKind, isNotFound } from "../lib/errors.ts";
import { attachTask } from "../runtime/attach.ts";
import type { Attachment } from "./attachment.ts";
import { ClientStream } from "./client-stream.ts";
import type { ContainerContext } from "./context.ts";
import { defaultDetachKeys, parseDetachKeys } from "./detach-keys.ts";
import { publish } from "./events.ts";
import { lockContainer } from "./lookup.ts";
import { recordedOutput } from "./logs.ts";
import type { ContainerRecord } from "./record.ts";

export interface AttachOptions {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  /** First what was said so far. */
  logs?: boolean;
  /** Then what is said from now on; without it the attachment ends after the logs. */
  stream?: boolean;
  /** Default ctrl-p,ctrl-q; a terminal's input only. */
  detachKeys?: string;
}

/** Joins a container's standard streams. Before its start too: the client is then connected by it. */
export async function attachContainer(ctx: ContainerContext, ref: string, options: AttachOptions): Promise<Attachment> {
  const detachKeys = parseDetachKeys(options.detachKeys || defaultDetachKeys);
  // The lock settles whether a start has this client in its list or has already been.
  using held = await lockContainer(ctx, ref);
  const c = held.container;
  if (c.state.phase === "paused") throw conflict(`container ${ref} is paused, unpause the container before attach`);
  if (c.state.phase === "restarting") throw conflict(`container ${ref} is restarting, wait until the container is running`);

  const { pendingClients } = ctx.live.of(c.id);
  const client: ClientStream = new ClientStream({
    tty: c.spec.config.Tty ?? false,
    stdin: (options.stdin ?? false) && (c.spec.config.OpenStdin ?? false),
    stdout: options.stdout ?? false,
    stderr: options.stderr ?? false,
    detachKeys,
    ...(options.logs && { past: pastOutput(ctx, c, options) }),
    onDetach: () => publish(ctx, c, "detach"),
    onClose: () => pendingClients.delete(client),
  });
  if (!options.stream) client.connect(null);
  else if (c.state.phase === "running") client.connect(await attachOrNull(ctx, c.id));
  else pendingClients.add(client);
  publish(ctx, c, "attach");
  return client;
}

/** null where the container is just ending: there is nothing more to hear. */
async function attachOrNull(ctx: ContainerContext, id: string) {
  try {
    return await attachTask(ctx.runtime, id);
  } catch (error) {
    if (isNotFound(error) || errorKind(error) === "conflict") return null;
    throw error;
  }
}

async function* pastOutput(ctx: ContainerContext, c: ContainerRecord, { stdout = false, stderr = false }: AttachOptions): AsyncGenerator<Frame> {
  for await (const entry of recordedOutput(ctx, c, { stdout, stderr })) yield { stream: entry.stream, data: entry.data };
}
