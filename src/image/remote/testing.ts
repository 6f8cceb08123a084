import { gzipSync } from "node:zlib";
import { tarEntry } from "../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/image.ts";
import { mediaTypes, ociLayerType } from "../../oci/media-types.ts";

/** A file of a layer; `claims`: the content that the table says it has. */
export interface ChunkedFile {
  name: string;
  content: Uint8Array;
  mtime?: number;
  mode?: number;
  claims?: Uint8Array;
}

/** A layer that was made for a test. */
export interface ChunkedLayer {
  blob: Buffer<ArrayBuffer>;
  descriptor: Descriptor;
  /** Of the archive, uncompressed. */
  diffId: string;
}

/** Bytes of a piece, as the programs that make such layers have them at least. */
const CHUNK = 64 << 10;

type Format = "zstd:chunked" | "estargz";

/** A layer of these files as zstd:chunked or eStargz, written by their specifications. `edit`: changes the table. */
export function chunkedLayer(
  format: Format,
  files: readonly ChunkedFile[],
  edit: (toc: { version: number; entries: Record<string, unknown>[] }) => void = () => {},
): ChunkedLayer {
  const isZstd = format === "zstd:chunked";
  const plain: Uint8Array[] = [];
  const parts: Uint8Array[] = [];
  let waiting: Uint8Array[] = [];
  const length = () => parts.reduce((sum, part) => sum + part.length, 0);
  const put = (...bytes: Uint8Array[]) => {
    plain.push(...bytes);
    waiting.push(...bytes);
  };
  const endPart = () => {
    const whole = Buffer.concat(waiting);
    waiting = [];
    if (whole.length > 0) parts.push(isZstd ? Bun.zstdCompressSync(whole) : gzipSync(whole));
    return length();
  };
  const entries: Record<string, unknown>[] = [];
  for (const { name, content, mtime = 1, mode = 0o644, claims = content } of files) {
    put(encodeHeader(tarEntry({ name, mode, size: content.length, mtime })));
    const header = { name, type: "reg", mode, size: content.length, modtime: new Date(mtime * 1000).toJSON() };
    for (let at = 0; at < content.length; at += CHUNK) {
      const offset = endPart();
      put(content.subarray(at, at + CHUNK));
      const chunk = { offset, chunkOffset: at, chunkDigest: digestOf(claims.subarray(at, at + CHUNK)) };
      entries.push(at === 0 ? { ...header, digest: digestOf(claims), ...chunk } : { name, type: "chunk", ...chunk });
    }
    const first = entries.findLast(({ type }) => type === "reg");
    if (isZstd && first) first["endOffset"] = endPart();
    put(padding(content.length));
  }
  // The table of eStargz is the archive's last file.
  if (isZstd) put(endOfArchive());
  endPart();
  const toc = { version: 1, entries };
  edit(toc);
  const json = Buffer.from(JSON.stringify(toc));
  const { bytes, annotations } = isZstd ? zstdTail(json, length()) : stargzTail(json, length());
  if (!isZstd) plain.push(tocMember(json));
  const blob = Buffer.concat([...parts, bytes]);
  return {
    blob,
    diffId: digestOf(Buffer.concat(plain)),
    descriptor: {
      mediaType: isZstd ? ociLayerType("zstd") : mediaTypes.ociLayerGzip,
      digest: digestOf(blob),
      size: blob.length,
      annotations,
    },
  };
}

function zstdTail(json: Buffer, at: number) {
  const table = Bun.zstdCompressSync(json);
  const footer = Buffer.alloc(64);
  [at + 8, table.length, json.length, 1].forEach((value, i) => footer.writeBigUInt64LE(BigInt(value), i * 8));
  footer.write("GNUlInUx", 56, "latin1");
  const bytes = Buffer.concat([skipped(table), skipped(footer)]);
  return { bytes, annotations: { "io.github.containers.zstd-chunked.manifest-checksum": digestOf(table) } };
}

function skipped(content: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d_2a50, 0);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content]);
}

function tocMember(json: Buffer): Buffer {
  const header = encodeHeader(tarEntry({ name: "stargz.index.json", size: json.length }));
  return Buffer.concat([header, json, padding(json.length), endOfArchive()]);
}

function stargzTail(json: Buffer, at: number) {
  const table = gzipSync(tocMember(json));
  const footer = Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0, 0x53, 0x47, 22, 0]),
    Buffer.from(`${at.toString(16).padStart(16, "0")}STARGZ`),
    Buffer.from([1, 0, 0, 0xff, 0xff]),
    Buffer.alloc(8),
  ]);
  const bytes = Buffer.concat([table, footer]);
  return { bytes, annotations: { "containerd.io/snapshot/stargz/toc.digest": digestOf(json) } };
}
