import { errorMessage } from "../../lib/errors.ts";
import type { RegistryDeps } from "../deps.ts";
import { collect } from "./collect.ts";
import { sweep } from "./sweep.ts";

const sweepInterval = 3_600_000;

/**
 * Collects every `gcInterval`, one run at a time; sweeps at the start and then hourly. Disposal waits for a run under
 * way.
 */
export function scheduleCollection(deps: RegistryDeps): AsyncDisposable {
  let running: Promise<void> | undefined;
  let swept = 0;
  const run = async () => {
    try {
      const result = await collect(deps);
      if (result.manifests + result.blobs + result.uploads > 0) deps.log.info("collected", { ...result });
      if (deps.now() - swept >= sweepInterval) {
        swept = deps.now();
        const { strays, missing } = await sweep(deps);
        if (strays + missing > 0) deps.log.info("swept", { strays, missing });
      }
      deps.metrics.collections.increment({ result: "ok" });
    } catch (error) {
      deps.metrics.collections.increment({ result: "failed" });
      deps.log.error("collection failed", { error: errorMessage(error) });
    }
  };
  const timer = setInterval(() => {
    running ??= run().finally(() => (running = undefined));
  }, deps.options.gcInterval);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
