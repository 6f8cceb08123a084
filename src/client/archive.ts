/** `/containers/{id}/archive`, and the engine's own for volumes: files in and out as tar streams. */
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

/** Whose files. */
export interface FilesOwner {
  kind: "container" | "volume";
  name: string;
}

const at = ({ kind, name }: FilesOwner) =>
  `${kind === "container" ? "/containers" : "/berth/volumes"}/${pathPart(kind, name)}/archive`;

/** Asks what a path is (HEAD, nothing is copied). Throws {@link ApiError} (404) if there is none. */
export async function statFile(client: Client, owner: FilesOwner, path: string): Promise<PathStat> {
  const { headers, body } = await client.stream("HEAD", at(owner), { query: { path } });
  for await (const _ of body) {
    /* none */
  }
  return decodeStat(headers);
}

/**
 * Starts copying a path out: `body` is a tar archive that comes as it is read. Works on stopped containers.
 */
export async function getFiles(
  client: Client,
  owner: FilesOwner,
  path: string,
): Promise<{ stat: PathStat; body: Answer["body"] }> {
  const { headers, body } = await client.stream("GET", at(owner), { query: { path } });
  return { stat: decodeStat(headers), body };
}

/**
 * Unpacks a tar archive into the folder `path`. `noOverwriteDirNonDir` (default true, as docker's):
 * refuse to put a file where a folder is, or a folder where a file is. `copyUIDGID`: keep the archive's owners.
 */
export async function putFiles(
  client: Client,
  owner: FilesOwner,
  path: string,
  archive: AsyncIterable<Uint8Array>,
  options: { copyUIDGID?: boolean; noOverwriteDirNonDir?: boolean } = {},
): Promise<void> {
  const { copyUIDGID, noOverwriteDirNonDir = true } = options;
  await client.text("PUT", at(owner), {
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
