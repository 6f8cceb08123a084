/**
 * How long an answer asks to be left alone (`Retry-After`, in seconds or as a date), in ms; undefined where it says
 * nothing.
 */
export function retryAfterMs(answer: unknown): number | undefined {
  const header = answer instanceof Response ? answer.headers.get("retry-after") : null;
  if (!header) return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}
