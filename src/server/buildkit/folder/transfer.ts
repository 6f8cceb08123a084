import { sessionPaths } from "../../../api/buildkit/session.ts";
import { errorMessage, invalid } from "../../../lib/errors.ts";
import type { Step } from "../progress.ts";
import type { ClientConnection } from "../sessions.ts";
import { Folder, type FolderStore, type Incoming } from "./folder.ts";
import { FolderList, type TransferListener } from "./folder-list.ts";

/** Which files of a folder the client is to send: what it is asked for by headers, each with its values. */
export type Selection = Readonly<Record<string, readonly string[]>>;

/** A transfer of files, as the client is told of it. */
export interface Transfer {
  /** The folder's name at the client. */
  name: string;
  selection: Selection;
  /** What its status is called: `transferring context:`. */
  status: string;
  step: Pick<Step, "start" | "status" | "done" | "fail">;
  signal: AbortSignal;
  /** Bytes of names, links and attributes that it may have. */
  maxBytes?: number;
}

/** How often bytes under way are told, in ms. */
const tellEveryMs = 100;

/** Has the client list a folder. The vertex is done when nothing is on its way. */
export async function listFolder(
  { client, methods }: Pick<ClientConnection, "client" | "methods">,
  { name, selection, status, step, signal, maxBytes }: Transfer,
): Promise<FolderList> {
  step.start();
  let idle = false;
  let tellAt = 0;
  try {
    if (!methods.has(sessionPaths.fileSync)) throw invalid(`the client sends no files: there is no ${name}`);
    const call = client.stream(sessionPaths.fileSync, {
      metadata: headersOf({ "dir-name": [name], ...selection }),
      signal,
    });
    const tell: TransferListener = (bytes, done) => {
      // A list that has come is not the end: somebody wanted it for content.
      if (idle && !done) step.start();
      idle = done;
      const now = Date.now();
      if (!done && now < tellAt) return;
      tellAt = now + tellEveryMs;
      step.status(status, { name: "transferring", current: bytes, done });
      if (done) step.done();
    };
    return await FolderList.read(call, tell, maxBytes);
  } catch (error) {
    step.fail(errorMessage(error));
    throw error;
  }
}

/** Looks into a list that the client sent; what is wrong with it is told at its vertex. */
export async function openFolder<C extends Incoming>(
  list: FolderList,
  store: FolderStore<C>,
  step: Pick<Step, "fail">,
): Promise<Folder<C>> {
  try {
    return await Folder.of(list, store);
  } catch (error) {
    step.fail(errorMessage(error));
    throw error;
  }
}

/** Values that are not plain ASCII are escaped, all of their header, which a further header tells. */
function headersOf(selection: Selection): Record<string, readonly string[]> {
  const headers: Record<string, readonly string[]> = {};
  for (const [key, values] of Object.entries(selection)) {
    if (values.length === 0) continue;
    const plain = values.every((value) => /^[\x20-\x7e]*$/.test(value));
    headers[key] = plain ? values : values.map((value) => encodeURIComponent(value).replaceAll("%20", "+"));
    if (!plain) headers[`${key}-encoded`] = ["1"];
  }
  return headers;
}
