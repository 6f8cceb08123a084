/** Calls an engine all the time, and says how that went. */
export function watchApi(socket: string): { end(): Promise<{ calls: number; failures: string[]; longest: number }> } {
  const seen = { calls: 0, failures: [] as string[], longest: 0 };
  let ended = false;
  const loop = (async () => {
    while (!ended) {
      const began = performance.now();
      try {
        // Each on a connection of its own, as command lines do.
        const reply = await fetch("http://d/containers/json", { unix: socket, headers: { Connection: "close" } });
        await reply.text();
        if (!reply.ok) seen.failures.push(`status ${reply.status}`);
      } catch (error) {
        seen.failures.push(String(error));
      }
      seen.calls++;
      seen.longest = Math.max(seen.longest, performance.now() - began);
      await Bun.sleep(5);
    }
  })();
  return {
    async end() {
      ended = true;
      await loop;
      return seen;
    },
  };
}
