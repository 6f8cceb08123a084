import { progressError, type ProgressEvent } from "../../api/progress.ts";
import { encodeJsonLine } from "../../api/json-lines.ts";
import { errorMessage } from "../../lib/errors.ts";
import { stream, type Reply } from "./reply.ts";

/**
 * A long job's events as JSON lines. What fails before the first event is an error like any other (the promise
 * rejects); what fails later is the stream's last event.
 */
export async function progress(events: AsyncIterable<ProgressEvent>): Promise<Reply> {
  const iterator = events[Symbol.asyncIterator]();
  const first = await iterator.next();
  return stream("application/json", lines(first, iterator));
}

async function* lines(first: IteratorResult<ProgressEvent>, iterator: AsyncIterator<ProgressEvent>): AsyncGenerator<string> {
  try {
    for (let next = first; !next.done; next = await iterator.next()) yield encodeEvent(next.value);
  } catch (error) {
    yield encodeEvent(progressError(errorMessage(error)));
  } finally {
    await iterator.return?.();
  }
}

/** Docker ends these lines with CR LF. */
function encodeEvent(event: ProgressEvent): string {
  return encodeJsonLine(event).slice(0, -1) + "\r\n";
}
