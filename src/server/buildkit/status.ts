import type { StatusResponse } from "../../api/buildkit/control.ts";
import type { Input } from "../../lib/protobuf.ts";
import type { Progress, ProgressEvent } from "./progress.ts";

/** Tells a client what a build tells, to its end or until the client leaves. */
export async function sendStatus(
  progress: Progress,
  signal: AbortSignal,
  send: (status: Input<typeof StatusResponse>) => Promise<void>,
): Promise<void> {
  const reader = progress.read({ owns: true });
  const leave = () => reader.leave();
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  try {
    for await (const event of reader) await send(statusOf(event));
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** An event as the message that holds it alone. */
export function statusOf(event: ProgressEvent): Input<typeof StatusResponse> {
  switch (event.kind) {
    case "vertex":
      return { vertexes: [event.vertex] };
    case "status":
      return { statuses: [event.status] };
    case "log":
      return { logs: [event.log] };
    case "warning":
      return { warnings: [event.warning] };
  }
}
