import { errorMessage, invalid } from "../../../lib/errors.ts";
import type { Plugins } from "../../../plugin/plugins.ts";
import type { LogDriver } from "./driver.ts";
import { findLogPlugin, pluginLogDriver } from "./plugin.ts";

/** The drivers of logs: those that come with the engine, and plugins, which come and go. */
export class LogDrivers {
  constructor(
    private readonly builtin: ReadonlyMap<string, LogDriver>,
    private readonly plugins: Plugins,
  ) {}

  /** Names of those that come with the engine. */
  names(): string[] {
    return [...this.builtin.keys()];
  }

  /** What goes by that name: if no driver of ours, then a plugin, which may be there or not. */
  of(name: string): LogDriver {
    return this.builtin.get(name) ?? pluginLogDriver(name, this.plugins);
  }

  /** As {@link of}, of one that is there. Throws `invalid` in Docker's words. */
  async find(name: string): Promise<LogDriver> {
    if (!this.builtin.has(name)) {
      await findLogPlugin(this.plugins, name).catch((error: unknown) => {
        throw invalid(errorMessage(error), error);
      });
    }
    return this.of(name);
  }
}
