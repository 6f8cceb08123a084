import { BytesMessage, sessionPaths } from "../../../api/buildkit/session.ts";
import type { ClientCall } from "../../../lib/grpc/client-call.ts";
import { Code, GrpcError } from "../../../lib/grpc/status.ts";
import { encode } from "../../../lib/protobuf.ts";
import type { Step } from "../progress.ts";
import { asStep, type Exporting } from "./exporter.ts";

/** Bytes of one message: clients take no more than 4 MiB. */
const mostBytes = 1024 * 1024;

/** Begins a transfer of files to the client, to where it wants those of this exporter. */
export async function callClient({ deps, job, index }: Omit<Exporting, "solved">): Promise<ClientCall> {
  const { request, signal } = job;
  const { client, methods } = await deps.buildkit.sessions.find(request.session, signal);
  if (!methods.has(sessionPaths.fileSend)) throw new GrpcError(Code.unknown, "the client takes no files");
  return client.stream(sessionPaths.fileSend, {
    metadata: { "buildkit-attachable-exporter-id": String(index) },
    signal,
  });
}

/** Streams an archive to the client as messages, and waits until it has all of it. */
export async function sendArchive(call: ClientCall, step: Step, archive: AsyncIterable<Uint8Array>): Promise<void> {
  let total = 0;
  step.status("sending tarball", { name: "sending" });
  for await (const chunk of archive) {
    for (let at = 0; at < chunk.length; at += mostBytes)
      await call.send(encode(BytesMessage, { data: chunk.subarray(at, at + mostBytes) }));
    total += chunk.length;
    step.status("sending tarball", { name: "sending", current: total });
  }
  call.end();
  // The client says nothing but how it ended.
  for await (const _ of call.messages);
  step.status("sending tarball", { done: true });
}

/** Does work that ends with files at the client, as a vertex. */
export function toClient(
  exporting: Exporting,
  name: string,
  work: (call: ClientCall, step: Step) => Promise<void>,
): Promise<Map<string, string>> {
  return asStep(exporting, name, async (step) => {
    await work(await callClient(exporting), step);
    return new Map();
  });
}
