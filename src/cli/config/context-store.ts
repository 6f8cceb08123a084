/** Changes to the contexts on disk; reading and the layout are in contexts.ts. */
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { CommandDeps } from "../deps.ts";
import { defaultHost } from "../engine.ts";
import { CliError } from "../errors.ts";
import { type ContextMeta, contextId, contextMetaFile, parseMeta, readContext } from "./contexts.ts";

/** Files that a context's endpoints bring along: endpoint → file name → content. */
export type TlsMaterial = Record<string, Record<string, Uint8Array>>;

export const tlsRoot = (configDir: string, name: string) => `${configDir}/contexts/tls/${contextId(name)}`;

/** Throws Docker's text where the name can be none of a stored context. */
export function checkContextName(name: string): void {
  if (name === "") throw new CliError("context name cannot be empty");
  if (name === "default") throw new CliError('"default" is a reserved context name');
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/.test(name)) {
    throw new CliError(
      `context name "${name}" is invalid, names are validated against regexp "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"`,
    );
  }
}

/** Throws where the name is none or taken. */
export async function checkNewContext(configDir: string, name: string): Promise<void> {
  checkContextName(name);
  if (await Bun.file(contextMetaFile(configDir, name)).exists()) throw new CliError(`context "${name}" already exists`);
}

/** The context that `-H`, DOCKER_HOST and the defaults make up; it is stored nowhere. */
export function defaultContext({ globals, env }: CommandDeps): ContextMeta {
  return {
    Name: "default",
    Metadata: {},
    Endpoints: { docker: { Host: globals.host[0] || env["DOCKER_HOST"] || defaultHost, SkipTLSVerify: false } },
  };
}

/** A stored context, or the default one. */
export async function findContext(deps: CommandDeps, name: string): Promise<ContextMeta> {
  return name === "default" ? defaultContext(deps) : readContext(deps.configDir, name);
}

/** The default context and all that are stored. */
export async function listContexts(deps: CommandDeps): Promise<ContextMeta[]> {
  const root = `${deps.configDir}/contexts/meta`;
  const found = [defaultContext(deps)];
  for (const id of await readdir(root).catch(() => [])) {
    const file = Bun.file(`${root}/${id}/meta.json`);
    if (!(await file.exists())) continue;
    const { Name, Metadata, Endpoints } = parseMeta(
      await file.text(),
      `failed to read metadata: parsing ${root}/${id}/meta.json`,
    );
    found.push({ Name, Metadata: Metadata ?? {}, Endpoints: Endpoints ?? {} });
  }
  return found;
}

export async function writeContext(configDir: string, meta: ContextMeta): Promise<void> {
  const path = contextMetaFile(configDir, meta.Name);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(`${path}.tmp`, JSON.stringify(meta), { mode: 0o644 });
  await rename(`${path}.tmp`, path);
}

/** Replaces all TLS files of a context, or those of one endpoint. */
export async function replaceTls(
  configDir: string,
  name: string,
  material: TlsMaterial,
  endpoint?: string,
): Promise<void> {
  await rm(endpoint === undefined ? tlsRoot(configDir, name) : `${tlsRoot(configDir, name)}/${endpoint}`, {
    recursive: true,
    force: true,
  });
  for (const [endpointName, files] of Object.entries(material)) {
    const dir = `${tlsRoot(configDir, name)}/${endpointName}`;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    for (const [file, content] of Object.entries(files)) await writeFile(`${dir}/${file}`, content, { mode: 0o600 });
  }
}

/** All TLS files of a context. */
export async function readTls(configDir: string, name: string): Promise<TlsMaterial> {
  const root = tlsRoot(configDir, name);
  const material: TlsMaterial = {};
  for (const endpoint of await readdir(root).catch(() => [])) {
    material[endpoint] = {};
    for (const file of (await readdir(`${root}/${endpoint}`)).sort())
      material[endpoint][file] = await Bun.file(`${root}/${endpoint}/${file}`).bytes();
  }
  return material;
}

export async function contextExists(configDir: string, name: string): Promise<boolean> {
  return (await stat(dirname(contextMetaFile(configDir, name))).catch(() => null)) !== null;
}

export async function removeContext(configDir: string, name: string): Promise<void> {
  await rm(dirname(contextMetaFile(configDir, name)), { recursive: true, force: true });
  await rm(tlsRoot(configDir, name), { recursive: true, force: true });
}
