import { open, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { EngineError, errorMessage, invalid, unavailable } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import { FileTree } from "./source/file-tree.ts";

/** Tries in all, and milliseconds before the second one; before each further one, three times as many. */
const attempts = 3;
const firstPause = 300;

export interface FetchedUrl extends AsyncDisposable {
  tree: FileTree;
  /** The file in the tree: named as the server or the path says. */
  name: string;
  /** `sha256:…` */
  digest: string;
}

export interface FetchUrlOptions {
  /** Directory for the scratch file, which goes with the result. */
  tmp: string;
  /** `sha256:…` that it must have. */
  checksum?: string | undefined;
  signal: AbortSignal;
}

/** Fetches a URL as one file. What may pass by itself (a connection that breaks, 429, 5xx) is tried again. */
export async function fetchUrl(url: string, { tmp, checksum, signal }: FetchUrlOptions): Promise<FetchedUrl> {
  const path = join(tmp, `url-${newId()}`);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(path, { force: true }));
  const { headers, size, sha256 } = await download(url, path, signal);
  const digest = `sha256:${sha256}`;
  if (checksum !== undefined && checksum !== digest) throw invalid(`digest mismatch ${digest}: expected ${checksum}`);
  const suggested = /filename="?([^";]+)"?/.exec(headers.get("content-disposition") ?? "")?.[1];
  const name = basename(suggested ?? decodeURIComponent(new URL(url).pathname)) || "index.html";
  const modified = Date.parse(headers.get("last-modified") ?? "");
  const tree = new FileTree({ name, path, size, sha256, mode: 0o600, mtime: Number.isNaN(modified) ? 0 : Math.floor(modified / 1000) });
  const kept = undo.move();
  return { tree, name, digest, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

interface Download {
  headers: Headers;
  /** Bytes. */
  size: number;
  sha256: string;
}

async function download(url: string, path: string, signal: AbortSignal): Promise<Download> {
  for (let attempt = 1, pause = firstPause; ; attempt++, pause *= 3) {
    try {
      const response = await fetch(url, { signal });
      if (response.ok) return await receive(response, path);
      await response.body?.cancel();
      const { status } = response;
      const refused = unavailable(`failed to load cache key: invalid response status ${status} for ${url}`);
      if (attempt === attempts || (status < 500 && status !== 429)) throw refused;
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof EngineError) throw cause;
      if (attempt === attempts) throw unavailable(`failed to load ${url}: ${errorMessage(cause)}`, cause);
    }
    await Bun.sleep(pause);
    signal.throwIfAborted();
  }
}

/** Writes an answer to the file, over what an earlier try left there. */
async function receive(response: Response, path: string): Promise<Download> {
  await using file = await open(path, "w", 0o600);
  const hasher = new Bun.CryptoHasher("sha256");
  let size = 0;
  for await (const chunk of response.body ?? []) {
    hasher.update(chunk);
    await file.writeFile(chunk);
    size += chunk.length;
  }
  const { headers } = response;
  const promised = headers.has("content-encoding") ? null : headers.get("content-length");
  if (promised !== null && Number(promised) !== size) throw new Error(`unexpected EOF after ${size} of ${promised} bytes`);
  return { headers, size, sha256: hasher.digest("hex") };
}
