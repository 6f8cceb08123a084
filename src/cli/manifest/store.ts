/** Manifest lists in the making, kept where and as docker keeps them: `<config dir>/manifests/<list>/<manifest>`. */

import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { decodeJson } from "../../lib/parse-json.ts";
import { CliError } from "../errors.ts";
import { fullString, type Reference } from "../reference.ts";

export interface Platform {
  architecture: string;
  os: string;
  "os.version"?: string;
  "os.features"?: string[];
  variant?: string;
}

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: Platform;
}

/** A manifest as a list holds it; the parsed form lies beside its bytes. */
export interface StoredManifest {
  Ref: string;
  Descriptor: Descriptor;
  /** Base64 of the manifest's bytes. */
  Raw?: string;
  SchemaV2Manifest?: Manifest;
  OCIManifest?: Manifest;
}

export interface Manifest {
  schemaVersion: number;
  mediaType?: string;
  config?: Descriptor;
  layers?: Descriptor[];
}

const safeName = (reference: Reference) => fullString(reference).replaceAll(":", "-").replaceAll("/", "_");
const directory = (configDir: string, list: Reference) => `${configDir}/manifests/${safeName(list)}`;

async function read(path: string): Promise<StoredManifest> {
  return decodeJson(await Bun.file(path).text());
}

/** null where the list holds no such manifest. */
export async function getManifest(
  configDir: string,
  list: Reference,
  manifest: Reference,
): Promise<StoredManifest | null> {
  const path = `${directory(configDir, list)}/${safeName(manifest)}`;
  return (await Bun.file(path).exists()) ? read(path) : null;
}

/** null where there is no such list. */
export async function getList(configDir: string, list: Reference): Promise<StoredManifest[] | null> {
  const dir = directory(configDir, list);
  const names = await readdir(dir).catch(() => null);
  return names ? Promise.all(names.sort().map((name) => read(`${dir}/${name}`))) : null;
}

/** As {@link getList}; throws Docker's text where there is none. */
export async function needList(configDir: string, list: Reference): Promise<StoredManifest[]> {
  const found = await getList(configDir, list);
  if (!found) throw new CliError(`No such manifest: ${fullString(list)}`);
  return found;
}

export async function saveManifest(
  configDir: string,
  list: Reference,
  manifest: Reference,
  stored: StoredManifest,
): Promise<void> {
  const dir = directory(configDir, list);
  await mkdir(dir, { recursive: true, mode: 0o755 });
  await writeFile(`${dir}/${safeName(manifest)}`, JSON.stringify(stored), { mode: 0o644 });
}

export async function removeList(configDir: string, list: Reference): Promise<void> {
  await rm(directory(configDir, list), { recursive: true, force: true });
}
