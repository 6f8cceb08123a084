/** Says whether nobody wants the job's result any more. */
export type Stopped = () => boolean;

/** To be called in every walk and copy, often: a job ends with whoever asked for it. */
export function checkStopped(stopped: Stopped): void {
  if (stopped()) throw new DOMException("The operation was aborted.", "AbortError");
}
