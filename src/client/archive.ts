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

/** The bit of `PathStat.mode` that says "directory". The API sends modes as Go's `os.FileMode`, not as stat(2). */
export const goModeDir = 2 ** 31;
/** The bit of `PathStat.mode` that says "symbolic link", in Go's `os.FileMode`. */
export const goModeSymlink = 2 ** 27;

/** Go's FileMode has bits beyond 32-bit signed integers: tests a flag without bit operators. */
export function hasMode(mode: number, flag: number): boolean {
  return Math.floor(mode / flag) % 2 === 1;
}

const at = (container: string) => `/containers/${pathPart("container", container)}/archive`;

/** Asks what a path in a container is (HEAD, nothing is copied). Throws {@link ApiError} (404) if there is none. */
export async function statContainerPath(client: Client, container: string, path: string): Promise<PathStat> {
  const { headers, body } = await client.stream("HEAD", at(container), { query: { path } });
  for await (const _ of body) {
    /* none */
  }
  return decodeStat(headers);
}

/**
 * Starts copying a path out of a container: `body` is a tar archive that comes as it is read. Works on stopped ones.
 */
export async function copyFromContainer(
  client: Client,
  container: string,
  path: string,
): Promise<{ stat: PathStat; body: Answer["body"] }> {
  const { headers, body } = await client.stream("GET", at(container), { query: { path } });
  return { stat: decodeStat(headers), body };
}

/**
 * Unpacks a tar archive into the folder `path` of a container. `noOverwriteDirNonDir` (default true, as docker's):
 * refuse to put a file where a folder is, or a folder where a file is. `copyUIDGID`: keep the archive's owners.
 */
export async function copyToContainer(
  client: Client,
  container: string,
  path: string,
  archive: AsyncIterable<Uint8Array>,
  options: { copyUIDGID?: boolean; noOverwriteDirNonDir?: boolean } = {},
): Promise<void> {
  const { copyUIDGID, noOverwriteDirNonDir = true } = options;
  await client.text("PUT", at(container), {
    query: {
      path,
      noOverwriteDirNonDir: noOverwriteDirNonDir ? "true" : undefined,
      copyUIDGID: copyUIDGID ? "true" : undefined,
    },
    headers: { "Content-Type": "application/x-tar" },
    body: archive,
  });
}

function decodeStat(headers: Map<string, string>): PathStat {
  const encoded = headers.get("x-docker-container-path-stat");
  if (!encoded) throw new Error("unable to decode container path stat header: the engine sent none");
  return JSON.parse(Buffer.from(encoded, "base64").toString());
}
