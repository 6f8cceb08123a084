import type { RegistryContext } from "../context.ts";
import { collect } from "./collect.ts";
import { sweep } from "./sweep.ts";

const sweepInterval = 3_600_000;

/** Collects every `gcInterval`, one run at a time; sweeps at the start and then hourly. Disposal waits for a run under way. */
export function scheduleCollection(ctx: RegistryContext): AsyncDisposable {
  let running: Promise<void> | undefined;
  let swept = 0;
  const run = async () => {
    try {
      const result = await collect(ctx);
      if (result.manifests + result.blobs + result.uploads > 0) ctx.log.info("collected", { ...result });
      if (ctx.now() - swept >= sweepInterval) {
        swept = ctx.now();
        const { strays, missing } = await sweep(ctx);
        if (strays + missing > 0) ctx.log.info("swept", { strays, missing });
      }
      ctx.metrics.collections.increment({ result: "ok" });
    } catch (error) {
      ctx.metrics.collections.increment({ result: "failed" });
      ctx.log.error("collection failed", { error: String(error) });
    }
  };
  const timer = setInterval(() => {
    running ??= run().finally(() => (running = undefined));
  }, ctx.options.gcInterval);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
