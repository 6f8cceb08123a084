/** Waits; false when `signal` was aborted before the time was over. Leaves neither timer nor listener behind. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const leave = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", leave);
      resolve(true);
    }, milliseconds);
    signal?.addEventListener("abort", leave, { once: true });
  });
}
