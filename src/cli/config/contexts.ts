/**
 * Docker contexts on disk, the layout docker itself uses:
 * `<config dir>/contexts/meta/<sha256 of the name>/meta.json` and `…/contexts/tls/<sha256>/docker/{ca,cert,key}.pem`.
 */

import type { Endpoint, TlsFiles } from "../../client/endpoint.ts";
import { errorMessage } from "../../lib/errors.ts";
import { decodeJson } from "../../lib/parse-json.ts";

export interface ContextMeta {
  Name: string;
  Metadata: { Description?: string; [key: string]: unknown };
  Endpoints: { docker?: { Host?: string; SkipTLSVerify?: boolean }; [name: string]: unknown };
}

/** The name of the directory that a context lives in. */
export function contextId(name: string): string {
  return new Bun.CryptoHasher("sha256").update(name).digest("hex");
}

export function contextMetaFile(configDir: string, name: string): string {
  return `${configDir}/contexts/meta/${contextId(name)}/meta.json`;
}

function contextTlsDir(configDir: string, name: string): string {
  return `${configDir}/contexts/tls/${contextId(name)}/docker`;
}

/** Reads one context; throws docker's not-found text. */
export async function readContext(configDir: string, name: string): Promise<ContextMeta> {
  const path = contextMetaFile(configDir, name);
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch {
    throw new Error(`context ${JSON.stringify(name)}: context not found: open ${path}: no such file or directory`);
  }
  const meta = parseMeta(text, `context ${JSON.stringify(name)}: parsing ${path}`);
  return { Name: meta.Name, Metadata: meta.Metadata ?? {}, Endpoints: meta.Endpoints ?? {} };
}

/** A context's file; `what` stands before the complaint about one that is no JSON. */
export function parseMeta(text: string, what: string): ContextMeta {
  try {
    return decodeJson(text);
  } catch (error) {
    throw new Error(`${what}: ${errorMessage(error)}`, { cause: error });
  }
}

/** The engine that a context names, with the TLS files stored for it. */
export async function contextEndpoint(configDir: string, name: string): Promise<Endpoint> {
  const meta = await readContext(configDir, name);
  const host = meta.Endpoints.docker?.Host ?? "";
  const dir = contextTlsDir(configDir, name);
  const stored: TlsFiles = { verify: !meta.Endpoints.docker?.SkipTLSVerify };
  for (const part of ["ca", "cert", "key"] as const) {
    if (await Bun.file(`${dir}/${part}.pem`).exists()) stored[part] = `${dir}/${part}.pem`;
  }
  const usesTls = stored.ca || stored.cert || meta.Endpoints.docker?.SkipTLSVerify;
  return { host, ...(usesTls && { tls: stored }) };
}
