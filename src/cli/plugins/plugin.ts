import { isObject } from "../../lib/template/value.ts";
import { groups, shortcuts } from "../commands/registry.ts";
import { type PluginCandidate, pluginCandidates } from "./candidates.ts";
import type { PluginPlaces } from "./places.ts";

/** A plugin as `docker info` shows it: what it says of itself, and what is wrong with it. Docker's names. */
export interface Plugin {
  SchemaVersion?: string;
  Vendor?: string;
  Version?: string;
  ShortDescription?: string;
  URL?: string;
  /** Not in help texts, nor in completion. */
  Hidden?: boolean;
  Name: string;
  Path: string;
  /** Why it cannot be called. */
  Err?: string;
  /** The same name further behind. */
  ShadowedPaths?: string[];
}

const namePattern = /^[a-z][a-z0-9]*$/;

export const isPluginName = (name: string): boolean => namePattern.test(name);

/** Every plugin, sound or not, by name. */
export async function allPlugins(places: PluginPlaces): Promise<Plugin[]> {
  return Promise.all((await pluginCandidates(places)).map(readPlugin));
}

/** Those that stand beside the program's own commands. */
export async function shownPlugins(places: PluginPlaces): Promise<Plugin[]> {
  return (await allPlugins(places)).filter(({ Err, Hidden }) => Err === undefined && Hidden !== true);
}

/** Asks a candidate what it is. Never throws: what is wrong is in `Err`. */
export async function readPlugin({ name, paths }: PluginCandidate): Promise<Plugin> {
  const [path, ...shadowed] = paths;
  const place = { Name: name, Path: path, ...(shadowed.length > 0 && { ShadowedPaths: shadowed }) };
  if (!isPluginName(name))
    return {
      ...place,
      Err: `plugin candidate ${JSON.stringify(name)} did not match ${JSON.stringify(namePattern.source)}`,
    };
  if (await isOwnCommand(name)) return { ...place, Err: `plugin ${JSON.stringify(name)} duplicates builtin command` };
  let said: string;
  try {
    const child = Bun.spawn([path, "docker-cli-plugin-metadata"], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    said = await child.stdout.text();
    const code = await child.exited;
    if (code !== 0) return { ...place, Err: `failed to fetch metadata: exit status ${code}` };
  } catch (error) {
    const denied = error instanceof Error && "code" in error && error.code === "EACCES";
    return {
      ...place,
      Err: `failed to fetch metadata: fork/exec ${path}: ${denied ? "permission denied" : "no such program"}`,
    };
  }
  const metadata = metadataOf(said);
  if (!metadata) return { ...place, Err: "invalid metadata: not a JSON object" };
  const plugin = { ...metadata, ...place };
  // Docker takes every schema that is a version of the form of its own.
  if (!/^\d+\.\d+\.\d+/.test(metadata.SchemaVersion ?? ""))
    return { ...plugin, Err: `plugin SchemaVersion ${JSON.stringify(metadata.SchemaVersion ?? "")} is not valid` };
  if (!metadata.Vendor) return { ...plugin, Err: "plugin metadata does not define a vendor" };
  return plugin;
}

function metadataOf(text: string): Omit<Plugin, "Name" | "Path"> | undefined {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(said)) return undefined;
  const words = (["SchemaVersion", "Vendor", "Version", "ShortDescription", "URL"] as const).flatMap((key) => {
    const value = said[key];
    return typeof value === "string" && value !== "" ? [[key, value] as const] : [];
  });
  return { ...Object.fromEntries(words), ...(said["Hidden"] === true && { Hidden: true }) };
}

async function isOwnCommand(name: string): Promise<boolean> {
  if (name === "help" || Object.hasOwn(groups, name) || Object.hasOwn(shortcuts, name)) return true;
  return Object.hasOwn((await groups[""]?.load())?.default.commands ?? {}, name);
}
