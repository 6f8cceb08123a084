import { mkdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { exportedCache } from "../../client/build.ts";
import type { Client } from "../../client/client.ts";
import { unpackArchive } from "../copy/unpack.ts";
import type { CommandDeps } from "../deps.ts";
import { CliError } from "../errors.ts";
import type { Built } from "./built.ts";
import { parseFields } from "./inputs.ts";

/** Caches that a build takes from: what the engine is told, and the folders of this machine that are sent along. */
export interface CacheSources {
  specs: string[];
  /** As `--build-context` has them. */
  contexts: string[];
}

/**
 * Reads `--cache-from`: `type=registry,ref=name`, `type=local,src=folder`, or names alone. A folder without a cache is
 * passed over with a warning; so is every folder where nothing is sent from here (`sends`).
 */
export async function cacheSources(deps: CommandDeps, given: readonly string[], sends: boolean): Promise<CacheSources> {
  const sources: CacheSources = { specs: [], contexts: [] };
  for (const text of given) {
    if (!text.includes("=")) {
      sources.specs.push(...text.split(",").filter(Boolean));
      continue;
    }
    const fields = parseFields(text);
    if (fields.get("type") !== "local") {
      sources.specs.push(text);
      continue;
    }
    const folder = fields.get("src") ?? "";
    if (folder === "" || !(await stat(join(folder, "index.json")).catch(() => null))) {
      deps.err.write(
        `WARNING: local cache import at ${folder || "?"} not found: open ${join(folder, "index.json")}: no ` +
          "such file or directory\n",
      );
      continue;
    }
    if (!sends) {
      deps.err.write(
        `WARNING: local cache import at ${folder} passed over: it travels with a context, and this one is ` +
          "fetched by the engine\n",
      );
      continue;
    }
    const name = `.berth-cache-${sources.contexts.length}`;
    sources.contexts.push(`${name}=${await realpath(folder)}`);
    sources.specs.push(`${text},context=${name}`);
  }
  return sources;
}

export interface CacheTargets {
  specs: string[];
  /** Folders of this machine, in the order of the local ones. */
  local: { dest: string; tag: string }[];
}

/** Reads `--cache-to`: `type=registry,ref=name`, `type=local,dest=folder`, `type=inline`, or a name alone. */
export function cacheTargets(given: readonly string[]): CacheTargets {
  const local: CacheTargets["local"] = [];
  for (const text of given) {
    const fields = parseFields(text);
    if (fields.get("type") !== "local") continue;
    const dest = fields.get("dest");
    if (!dest) throw new CliError("local cache exporter requires dest");
    local.push({ dest, tag: fields.get("tag") ?? "latest" });
  }
  return { specs: [...given], local };
}

/** Fetches the caches that the engine holds ready into their folders. */
export async function writeLocalCaches(client: Client, built: Built, { local }: CacheTargets): Promise<void> {
  for (const [index, { dest, tag }] of local.entries()) {
    const digest = built.caches[index];
    if (digest === undefined) continue;
    await mkdir(dest, { recursive: true });
    await unpackArchive(await exportedCache(client, digest, tag), dest, { rename: (name) => name, keepOwners: false });
  }
}
