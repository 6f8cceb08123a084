import { encodeJsonLine } from "../../api/json-lines.ts";
import { type ProgressEvent, progressError } from "../../api/progress.ts";
import { errorMessage } from "../../lib/errors.ts";
import { type Reply, stream } from "./reply.ts";

/**
 * A long job's events as JSON lines. What fails before the first event is an error like any other (the promise
 * rejects); what fails later is the stream's last event.
 */
export async function progress(events: AsyncIterable<ProgressEvent>): Promise<Reply> {
  const iterator = events[Symbol.asyncIterator]();
  const first = iterator.next();
  await first;
  return stream("application/json", lines(first, iterator));
}

/**
 * As {@link progress}, for jobs that have begun whatever comes: all that fails is the stream's last event. The head
 * still waits for the first one: clients that read no further than the head (skopeo 1.9) end their body with it.
 */
export async function begunProgress(events: AsyncIterable<ProgressEvent>): Promise<Reply> {
  const iterator = events[Symbol.asyncIterator]();
  const first = iterator.next();
  await first.catch(() => {});
  return stream("application/json", lines(first, iterator));
}

/** `first`: what was read ahead. Returning it ends the job, begun to be read or not. */
function lines(
  first: Promise<IteratorResult<ProgressEvent>>,
  iterator: AsyncIterator<ProgressEvent>,
): AsyncIterable<string> {
  const written = write(first, iterator);
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => written.next(),
      async return() {
        await iterator.return?.();
        return written.return(undefined);
      },
    }),
  };
}

async function* write(
  first: Promise<IteratorResult<ProgressEvent>>,
  iterator: AsyncIterator<ProgressEvent>,
): AsyncGenerator<string> {
  try {
    for (let next = await first; !next.done; next = await iterator.next()) yield encodeEvent(next.value);
  } catch (error) {
    yield encodeEvent(progressError(errorMessage(error)));
  }
}

/** Docker ends these lines with CR LF. */
function encodeEvent(event: ProgressEvent): string {
  return `${encodeJsonLine(event).slice(0, -1)}\r\n`;
}
