import { parseLogConfig, type LogLimits } from "../runtime/logs/options.ts";
import type { ContainerContext } from "./context.ts";
import { logPath } from "./paths.ts";
import type { ContainerRecord } from "./record.ts";

/** Where the monitor writes a container's output; null where nothing is kept. */
export function logPathOf(ctx: ContainerContext, c: ContainerRecord): string | null {
  return c.spec.hostConfig.LogConfig?.Type === "none" ? null : logPath(ctx, c.id);
}

/** How much of it is kept; null where nothing is. Throws `invalid` for drivers and options that are none. */
export function logLimitsOf(c: ContainerRecord): LogLimits | null {
  const { Type, Config } = c.spec.hostConfig.LogConfig ?? {};
  return parseLogConfig(Type ?? "", Config ?? {});
}
