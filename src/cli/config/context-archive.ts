/** The tar (or zip) form of a context: `meta.json`, `tls/<endpoint>/<file>`. */

import { inflateRawSync } from "node:zlib";
import { decodeJson } from "../../lib/parse-json.ts";
import { tarEntry } from "../../lib/tar/entry.ts";
import { TarReader } from "../../lib/tar/reader.ts";
import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import { CliError } from "../errors.ts";
import type { TlsMaterial } from "./context-store.ts";
import type { ContextMeta } from "./contexts.ts";

const limit = 10 * 1024 * 1024;

export function packContext(meta: ContextMeta, tls: TlsMaterial): Uint8Array {
  const parts: Uint8Array[] = [];
  const file = (name: string, content: Uint8Array, mode: number) =>
    parts.push(encodeHeader(tarEntry({ name, mode, size: content.length })), content, padding(content.length));
  const directory = (name: string) => parts.push(encodeHeader(tarEntry({ name, type: "directory", mode: 0o700 })));
  file("meta.json", Buffer.from(JSON.stringify(meta)), 0o644);
  directory("tls");
  for (const [endpoint, files] of Object.entries(tls)) {
    directory(`tls/${endpoint}`);
    for (const [name, content] of Object.entries(files)) file(`tls/${endpoint}/${name}`, content, 0o600);
  }
  return Buffer.concat([...parts, endOfArchive()]);
}

/** Reads an archive of either kind; throws Docker's texts on what does not belong in one. */
export async function unpackContext(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): Promise<{ meta: ContextMeta; tls: TlsMaterial }> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > limit) throw new CliError("read exceeds the defined limit");
  }
  const bytes = Buffer.concat(parts);
  const files = bytes.length < 4 || bytes.readUInt32LE(0) !== 0x04034b50 ? untar(bytes) : unzipWhole(bytes);
  let meta: ContextMeta | null = null;
  const tls: TlsMaterial = {};
  for (const [path, content] of files) {
    checkPath(path);
    if (path === "meta.json") {
      const stored: ContextMeta = decodeJson(Buffer.from(content).toString());
      meta = { Name: name, Metadata: stored.Metadata ?? {}, Endpoints: stored.Endpoints ?? {} };
      continue;
    }
    const [endpoint = "", file, ...more] = path.slice(4).split("/");
    if (file === undefined || more.length > 0) throw new CliError("archive format is invalid");
    tls[endpoint] = { ...tls[endpoint], [file]: content };
  }
  if (!meta) throw new CliError("invalid context: no metadata found");
  return { meta, tls };
}

function checkPath(path: string): void {
  if (path !== "meta.json" && !path.startsWith("tls/")) throw new CliError(`${path}: unexpected context file`);
  if (path.split("/").some((part) => part === "" || part === "." || part === ".."))
    throw new CliError(`${path}: unexpected path format`);
  if (path.includes("\\")) throw new CliError(`${path}: unexpected '\\' in path`);
}

function untar(bytes: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let parts: Uint8Array[] = [];
  const reader = new TarReader({
    entry: () => void (parts = []),
    data: (chunk) => void parts.push(Buffer.from(chunk)),
    end: (entry) => {
      if (entry.type === "file") files.set(entry.name, Buffer.concat(parts));
    },
  });
  reader.write(bytes);
  reader.end();
  return files;
}

/** As {@link unzip}; a directory or member that lies outside of the archive is told as what it is. */
function unzipWhole(bytes: Buffer): Map<string, Uint8Array> {
  try {
    return unzip(bytes);
  } catch (error) {
    throw error instanceof RangeError ? new CliError("zip: not a valid zip file") : error;
  }
}

/** The files of a zip archive, by its central directory (APPNOTE 4.3); stored and deflated members. */
function unzip(bytes: Buffer): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0) throw new CliError("zip: not a valid zip file");
  let at = bytes.readUInt32LE(end + 16);
  for (let i = bytes.readUInt16LE(end + 10); i > 0; i--) {
    const [method, packed, size] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt32LE(at + 24),
    ];
    const [nameSize, extraSize, commentSize] = [
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
      bytes.readUInt16LE(at + 32),
    ];
    const name = bytes.toString("utf8", at + 46, at + 46 + nameSize);
    const local = bytes.readUInt32LE(at + 42);
    at += 46 + nameSize + extraSize + commentSize;
    if (name.endsWith("/")) continue;
    if (size > limit) throw new CliError("read exceeds the defined limit");
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const content = bytes.subarray(start, start + packed);
    if (method !== 0 && method !== 8) throw new CliError("zip: unsupported compression algorithm");
    files.set(name, method === 0 ? content : inflateRawSync(content, { maxOutputLength: limit }));
  }
  return files;
}
