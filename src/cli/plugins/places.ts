import type { ConfigFile } from "../config/file.ts";

/** What decides where plugins are looked for. */
export interface PluginPlaces {
  configDir: string;
  config: ConfigFile;
}

/** Where Docker's packages, and those of others, put plugins for everybody. */
const systemDirectories = [
  "/usr/local/lib/docker/cli-plugins",
  "/usr/local/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
  "/usr/libexec/docker/cli-plugins",
];

/** The folders in which plugins are looked for, in the order in which they count: Docker's. */
export function pluginDirectories({ configDir, config }: PluginPlaces): string[] {
  const { cliPluginsExtraDirs: extra } = config;
  const own = Array.isArray(extra) ? extra.filter((each): each is string => typeof each === "string") : [];
  return [...own, `${configDir}/cli-plugins`, ...systemDirectories];
}
