import { existsSync } from "node:fs";
import type { CommandDeps } from "../deps.ts";
import { currentContext, defaultHost } from "../engine.ts";
import { type PluginPlaces, pluginDirectories } from "./places.ts";
import { isPluginName, type Plugin, readPlugin } from "./plugin.ts";

/**
 * The plugin that a word calls: the first file of its name. Undefined where there is none, or one that is not sound.
 */
export async function findPlugin(name: string, places: PluginPlaces): Promise<Plugin | undefined> {
  if (!isPluginName(name)) return undefined;
  const path = pluginDirectories(places)
    .map((directory) => `${directory}/docker-${name}`)
    .find((each) => existsSync(each));
  const plugin = path === undefined ? undefined : await readPlugin({ name, paths: [path] });
  return plugin?.Err === undefined ? plugin : undefined;
}

type PluginContext = Pick<CommandDeps, "env" | "globals" | "configDir" | "config" | "invoked" | "become">;

/**
 * Runs a plugin in the place of this process, as Docker would call it: with the whole command line, and word of the
 * program that it is a plugin of. It finds the same engine, which Docker's default would not lead to.
 */
export async function becomePlugin(deps: PluginContext, plugin: Plugin, argv: readonly string[]): Promise<number> {
  const { env, globals, configDir, config } = deps;
  const isDefault = (await currentContext({ env, globals, given: new Set(), configDir, config })) === "default";
  return deps.become(plugin.Path, argv, {
    ...env,
    DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND: deps.invoked,
    ...(isDefault && globals.host.length === 0 && !env["DOCKER_HOST"] && { DOCKER_HOST: defaultHost }),
  });
}
