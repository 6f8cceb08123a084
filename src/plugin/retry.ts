import { pause } from "../lib/pause.ts";

/** Milliseconds that attempts may take together before nothing is tried any more. */
const patience = 30_000;
const longestPause = 30_000;

/** The pauses between attempts. */
export interface Pauses {
  /** Tells of the pause that comes, in seconds, and waits for it; false: that was enough. */
  next(tell: (seconds: number) => void): Promise<boolean>;
}

/** 1, 2, 4, 8 seconds, and no more than fit into 30 seconds with what the attempts themselves took. */
export function retryPauses(signal?: AbortSignal): Pauses {
  const began = performance.now();
  let milliseconds = 1000;
  return {
    async next(tell) {
      if (performance.now() - began + milliseconds >= patience || signal?.aborted) return false;
      tell(milliseconds / 1000);
      const whole = await pause(milliseconds, signal);
      milliseconds = Math.min(milliseconds * 2, longestPause);
      return whole;
    },
  };
}
