import { type Frame, FrameDecoder } from "../../api/stdcopy.ts";
import type { PeerNode } from "../../api/types/swarm.ts";
import { isNotFound, unavailable } from "../../lib/errors.ts";
import type { TaskLogOptions } from "../agent/task-logs.ts";
import type { TaskObject } from "../model/objects.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { encodeJson, engineError } from "./json-calls.ts";
import { paths } from "./messages.ts";
import { type Credentials, dialManager } from "./transport.ts";

/** What a manager asks other managers with. */
interface Asking {
  dispatcher: Dispatcher;
  credentials(): Credentials;
  /** Other managers. */
  others(): PeerNode[];
}

/**
 * What a task writes, from the node that has it, whichever manager that is connected to. Reads only as fast as it is
 * read. Throws `unavailable` where no manager has the node.
 */
export async function* nodeLogs(
  { dispatcher, credentials, others }: Asking,
  { ID, NodeID }: TaskObject,
  options: TaskLogOptions,
  signal: AbortSignal,
): AsyncGenerator<Frame[]> {
  const decoder = new FrameDecoder();
  if (dispatcher.nodes.includes(NodeID)) {
    const answers = dispatcher.askLogs(NodeID, ID, { ...options }, signal);
    for await (const bytes of answers) yield decoder.push(bytes);
    return;
  }
  for (const { Addr = "" } of others()) {
    try {
      for await (const bytes of askOther(Addr, credentials(), { nodeId: NodeID, task: ID, options }, signal)) {
        yield decoder.push(bytes);
      }
      return;
    } catch (error) {
      // It is not that one's either.
      if (!isNotFound(error)) throw error;
    }
  }
  throw unavailable(`node ${NodeID} is not available`);
}

async function* askOther(
  address: string,
  credentials: Credentials,
  question: { nodeId: string; task: string; options: TaskLogOptions },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const client = await dialManager(address, { manager: credentials });
  try {
    const call = client.stream(paths.relay, { signal });
    await call.send(encodeJson(question));
    call.end();
    for await (const bytes of call.messages) yield bytes;
  } catch (error) {
    throw signal.aborted ? signal.reason : engineError(error);
  } finally {
    client.close();
  }
}
