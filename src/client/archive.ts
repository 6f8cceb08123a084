/** `/containers/{id}/archive`: files in and out of containers as tar streams. */
import type { Answer, Client } from "./client.ts";
import { pathPart } from "./path.ts";

/** `X-Docker-Container-Path-Stat`. `mode` holds Go's FileMode bits: permissions plus type flags from bit 31 down. */
export interface PathStat {
  name: string;
  size: number;
  mode: number;
  mtime: string;
  linkTarget: string;
}

export const goModeDir = 2 ** 31;
export const goModeSymlink = 2 ** 27;

/** Go's FileMode has bits beyond 32-bit signed integers: tests a flag without bit operators. */
export function hasMode(mode: number, flag: number): boolean {
  return Math.floor(mode / flag) % 2 === 1;
}

const at = (container: string) => `/containers/${pathPart("container", container)}/archive`;

export async function statContainerPath(client: Client, container: string, path: string): Promise<PathStat> {
  const { headers, body } = await client.stream("HEAD", at(container), { query: { path } });
  for await (const _ of body) { /* none */ }
  return decodeStat(headers);
}

export async function copyFromContainer(client: Client, container: string, path: string): Promise<{ stat: PathStat; body: Answer["body"] }> {
  const { headers, body } = await client.stream("GET", at(container), { query: { path } });
  return { stat: decodeStat(headers), body };
}

export async function copyToContainer(client: Client, container: string, path: string, archive: AsyncIterable<Uint8Array>, options: { copyUIDGID?: boolean; noOverwriteDirNonDir?: boolean } = {}): Promise<void> {
  const { copyUIDGID, noOverwriteDirNonDir = true } = options;
  await client.text("PUT", at(container), {
    query: { path, noOverwriteDirNonDir: noOverwriteDirNonDir ? "true" : undefined, copyUIDGID: copyUIDGID ? "true" : undefined },
    headers: { "Content-Type": "application/x-tar" },
    body: archive,
  });
}

function decodeStat(headers: Map<string, string>): PathStat {
  const encoded = headers.get("x-docker-container-path-stat");
  if (!encoded) throw new Error("unable to decode container path stat header: the engine sent none");
  return JSON.parse(Buffer.from(encoded, "base64").toString());
}
