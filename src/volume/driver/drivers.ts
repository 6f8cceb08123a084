import { EngineError, errorKind, errorMessage } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { NoAnswer } from "../../plugin/client.ts";
import type { Plugin } from "../../plugin/plugin.ts";
import type { Plugins, Wait } from "../../plugin/plugins.ts";
import type { VolumeDriver } from "./driver.ts";
import { pluginVolumeDriver, quick } from "./plugin.ts";

/** The driver of volumes that do not name one. */
const defaultDriver = "local";

/** Milliseconds. */
const longWait = 5000;
const rest = 30_000;

/** The drivers of volumes: those that come with the engine, and plugins, which come and go. */
export class VolumeDrivers {
  /** Until when, by name. */
  readonly #resting = new Map<string, number>();
  readonly #made = new WeakMap<Plugin, VolumeDriver>();

  constructor(
    readonly builtin: ReadonlyMap<string, VolumeDriver>,
    private readonly plugins: Plugins,
    private readonly log: Logger,
  ) {}

  /**
   * The driver of that name; empty: the default one. Throws Docker's words where there is none, and {@link NoAnswer}
   * where a plugin does not say what it is.
   */
  async find(name: string, wait?: Wait): Promise<VolumeDriver> {
    const builtin = this.builtin.get(name || defaultDriver);
    if (builtin) return builtin;
    try {
      return await this.#driverOf(await this.plugins.get(name, "VolumeDriver", wait), wait);
    } catch (cause) {
      const text = `error looking up volume plugin ${name}: ${errorMessage(cause)}`;
      throw new (cause instanceof NoAnswer ? NoAnswer : EngineError)(errorKind(cause), text, { cause });
    }
  }

  /**
   * Asks one plugin of many: one that has kept everybody waiting a moment ago is left alone for half a minute. Throws a
   * {@link NoAnswer}.
   */
  async askAmongMany<T>(name: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    if ((this.#resting.get(name) ?? 0) > began)
      throw new NoAnswer("internal", `plugin "${name}" did not answer a moment ago`);
    try {
      return await work();
    } catch (error) {
      const now = performance.now();
      if (error instanceof NoAnswer && now - began > longWait) this.#resting.set(name, now + rest);
      throw error;
    }
  }

  /** Of a plugin; one that nobody has asked yet is taken to be of this machine alone. */
  knownScope(name: string): "local" | "global" {
    const plugin = this.plugins.active("VolumeDriver").find((active) => active.name === name);
    return (plugin && this.#made.get(plugin)?.scope) ?? "local";
  }

  /** Names of the plugins that have been used. */
  activePlugins(): string[] {
    return this.plugins.active("VolumeDriver").map(({ name }) => name);
  }

  /** All plugins there are, used before or not. */
  async allPlugins(): Promise<VolumeDriver[]> {
    const plugins = await this.plugins.all("VolumeDriver");
    return await Promise.all(plugins.map((plugin) => this.#driverOf(plugin, "not long")));
  }

  /** Made again where the plugin did not say what it can. */
  async #driverOf(plugin: Plugin, wait?: Wait): Promise<VolumeDriver> {
    const made = this.#made.get(plugin);
    if (made) return made;
    const { driver, certain } = await pluginVolumeDriver(plugin, this.log, wait === "not long" ? quick : undefined);
    if (certain) this.#made.set(plugin, driver);
    return driver;
  }
}
