import { open, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { badEscape } from "../../lib/bad-escape.ts";
import { EngineError, invalid, unavailable } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import { networkWords } from "../../lib/network-words.ts";
import { FileTree } from "./file-tree.ts";

/** Tries in all, and milliseconds before the second one; before each further one, three times as many. */
const attempts = 3;
const firstPause = 300;

/** A file that was fetched for ADD. Disposing of it deletes the file. */
export interface FetchedUrl extends AsyncDisposable {
  tree: FileTree;
  /** The file in the tree: named as the server or the path says. */
  name: string;
  /** `sha256:…` */
  digest: string;
}

/** How to fetch a file. `checksum` undefined: any content will do. */
export interface FetchUrlOptions {
  /** Directory for the scratch file, which goes with the result. */
  tmp: string;
  /** `sha256:…` that it must have. */
  checksum?: string | undefined;
  headers?: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

/** Fetches a URL as one file. What may pass by itself (a connection that breaks, 429, 5xx) is tried again. */
export async function fetchUrl(
  url: string,
  { tmp, checksum, headers: sent = {}, signal }: FetchUrlOptions,
): Promise<FetchedUrl> {
  const path = join(tmp, `url-${newId()}`);
  const ownName = nameIn(url);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(path, { force: true }));
  const { headers, size, sha256 } = await download(url, path, sent, signal);
  const digest = `sha256:${sha256}`;
  if (checksum !== undefined && checksum !== digest) throw invalid(`digest mismatch ${digest}: expected ${checksum}`);
  const suggested = /filename="?([^";]+)"?/.exec(headers.get("content-disposition") ?? "")?.[1];
  const name = (suggested === undefined ? ownName : basename(suggested)) || "index.html";
  const modified = Date.parse(headers.get("last-modified") ?? "");
  const tree = new FileTree({
    name,
    path,
    size,
    sha256,
    mode: 0o600,
    mtime: Number.isNaN(modified) ? 0 : Math.floor(modified / 1000),
  });
  const kept = undo.move();
  return { tree, name, digest, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Keeps what somebody streams as one file, as if it had been fetched. */
export async function keepStream(
  source: AsyncIterable<Uint8Array>,
  { tmp, name }: { tmp: string; name: string },
): Promise<FetchedUrl> {
  const path = join(tmp, `url-${newId()}`);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(path, { force: true }));
  const { size, sha256 } = await write(source, path);
  const tree = new FileTree({ name, path, size, sha256, mode: 0o600, mtime: 0 });
  const kept = undo.move();
  return { tree, name, digest: `sha256:${sha256}`, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The last part of a URL's path. Throws `invalid` where it is none that could be a name. */
function nameIn(url: string): string {
  const { pathname } = new URL(url);
  try {
    return basename(decodeURIComponent(pathname));
  } catch (cause) {
    const escape = badEscape(pathname);
    throw invalid(
      `failed to load cache key: parse ${JSON.stringify(url)}: ` +
        `${escape === undefined ? "invalid UTF-8" : `invalid URL escape ${JSON.stringify(escape)}`}`,
      cause,
    );
  }
}

interface Download {
  headers: Headers;
  /** Bytes. */
  size: number;
  sha256: string;
}

async function download(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Download> {
  for (let attempt = 1, pause = firstPause; ; attempt++, pause *= 3) {
    let begun = false;
    try {
      const response = await fetch(url, { headers: { ...headers }, signal });
      begun = true;
      if (response.ok) return await receive(response, path);
      await response.body?.cancel();
      const { status } = response;
      const refused = unavailable(`failed to load cache key: invalid response status ${status} for ${url}`);
      if (attempt === attempts || (status < 500 && status !== 429)) throw refused;
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof EngineError) throw cause;
      if (attempt === attempts)
        throw unavailable(
          "failed to load cache key: " +
            `${begun ? "" : `Get ${JSON.stringify(url)}: `}${networkWords(cause, { url, begun })}`,
          cause,
        );
    }
    await Bun.sleep(pause);
    signal.throwIfAborted();
  }
}

/** Writes an answer to the file, over what an earlier try left there. */
async function receive(response: Response, path: string): Promise<Download> {
  const { size, sha256 } = await write(response.body ?? [], path);
  const { headers } = response;
  const promised = headers.has("content-encoding") ? null : headers.get("content-length");
  if (promised !== null && Number(promised) !== size)
    throw new Error(`unexpected EOF after ${size} of ${promised} bytes`);
  return { headers, size, sha256 };
}

async function write(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  path: string,
): Promise<Omit<Download, "headers">> {
  await using file = await open(path, "w", 0o600);
  const hasher = new Bun.CryptoHasher("sha256");
  let size = 0;
  for await (const chunk of source) {
    hasher.update(chunk);
    await file.writeFile(chunk);
    size += chunk.length;
  }
  return { size, sha256: hasher.digest("hex") };
}
