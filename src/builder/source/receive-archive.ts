import { decompress, type Packing, sniffPacking } from "../../lib/decompress.ts";
import { newId } from "../../lib/ids.ts";
import { filter } from "../../lib/run.ts";
import { ContextArchive } from "./context-archive.ts";
import { fetchUrl } from "./fetch-url.ts";
import type { SourceTree } from "./tree.ts";

/** What getting a context takes. */
export interface Getting {
  /** Directory for scratch files. */
  tmp: string;
  /** How what was got goes again, once nobody reads it any more. */
  undo: AsyncDisposableStack;
  signal: AbortSignal;
  /** Told how it goes, by where it comes from. */
  told?: GettingListener;
}

/** Told how contexts come. */
export interface GettingListener {
  /** What git itself says. */
  said(source: string, text: string): void;
  /** An archive has come, which is a context by itself. */
  unpacked(source: string): void;
}

/** Receives a tar stream, packed in one of the usual ways or not. Throws `invalid` where it is broken. */
export async function receiveArchive(
  source: AsyncIterable<Uint8Array>,
  { tmp, undo }: Pick<Getting, "tmp" | "undo">,
): Promise<ContextArchive> {
  const { packing, stream } = await sniffPacking(source);
  return undo.use(await ContextArchive.receive(unpack(stream, packing), `${tmp}/context-${newId()}`));
}

/** What a URL gives: the files of an archive, or one file as it is, named `single`. */
export async function fetchArchive(
  url: string,
  getting: Getting,
): Promise<{ archive: ContextArchive } | { tree: SourceTree; single: string }> {
  const { tmp, undo, signal } = getting;
  const fetched = undo.use(await fetchUrl(url, { tmp, signal }));
  const { packing, stream } = await sniffPacking(fetched.tree.read(fetched.name));
  const head = await readHead(fetched.tree, fetched.name);
  if (packing === "none" && head.subarray(257, 262).toString("latin1") !== "ustar")
    return { tree: fetched.tree, single: fetched.name };
  return { archive: undo.use(await ContextArchive.receive(unpack(stream, packing), `${tmp}/context-${newId()}`)) };
}

function unpack(stream: AsyncIterable<Uint8Array>, packing: Packing): AsyncIterable<Uint8Array> {
  if (packing === "xz") return filter(["xz", "-dc"], stream);
  if (packing === "bzip2") return filter(["bzip2", "-dc"], stream);
  return decompress(stream, packing);
}

async function readHead(tree: SourceTree, path: string): Promise<Buffer> {
  for await (const chunk of tree.read(path)) return Buffer.from(chunk.subarray(0, 512));
  return Buffer.alloc(0);
}
