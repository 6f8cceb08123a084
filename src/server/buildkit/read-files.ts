import type { Stat } from "../../api/buildkit/fsutil.ts";
import {
  gatewayPaths,
  ReadDirRequest,
  ReadDirResponse,
  ReadFileRequest,
  ReadFileResponse,
  StatFileRequest,
  StatFileResponse,
} from "../../api/buildkit/gateway.ts";
import { baseOf, inside } from "../../builder/source/path.ts";
import { resolve, type SourceEntry, type SourceTree } from "../../builder/source/tree.ts";
import { type Method, unary } from "../../lib/grpc/method.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { compile } from "../../lib/ignore-patterns.ts";
import type { Input } from "../../lib/protobuf.ts";
import { modeOf } from "./folder/file-mode.ts";
import type { HeldResult } from "./results.ts";

/** Bytes of a file that one answer may have: clients take no more than 16 MiB. */
const mostBytes = 15 * 1024 * 1024;
/** Entries of a directory that one answer may have. */
const mostEntries = 100_000;

/** The methods by which frontends look into results. `find`: a result by its id. */
export function fileMethods(find: (ref: string) => HeldResult): Method[] {
  return [
    unary(gatewayPaths.readFile, ReadFileRequest, ReadFileResponse, async ({ ref, filePath, range }) => {
      const held = find(ref);
      return { data: await held.look((tree) => readFile(tree, filePath, range)) };
    }),
    unary(gatewayPaths.statFile, StatFileRequest, StatFileResponse, async ({ ref, path }) => {
      const held = find(ref);
      return { stat: await held.look(async (tree) => statFile(tree, path)) };
    }),
    unary(gatewayPaths.readDir, ReadDirRequest, ReadDirResponse, async ({ ref, dirPath, includePattern }) => {
      const held = find(ref);
      return { entries: await held.look(async (tree) => readDir(tree, dirPath, includePattern)) };
    }),
  ];
}

export async function readFile(
  tree: SourceTree,
  path: string,
  range: { offset: number; length: number } | undefined,
): Promise<Uint8Array> {
  const { real, entry } = at(tree, path, "open");
  if (entry.type === "directory") throw new GrpcError(Code.unknown, `read ${shown(path)}: is a directory`);
  if (entry.type !== "file") throw new GrpcError(Code.unknown, `read ${shown(path)}: not a regular file`);
  const from = Math.max(0, range?.offset ?? 0);
  const until = range && range.length > 0 ? from + range.length : Number.POSITIVE_INFINITY;
  if (Math.min(until, entry.size) - from > mostBytes)
    throw new GrpcError(Code.resourceExhausted, `${shown(path)}: more than ${mostBytes} bytes at once`);
  const parts: Uint8Array[] = [];
  let done = 0;
  for await (const chunk of tree.read(real)) {
    const [start, end] = [Math.max(0, from - done), Math.min(chunk.length, until - done)];
    if (end > start) parts.push(chunk.slice(start, end));
    done += chunk.length;
    if (done >= until) break;
  }
  return Buffer.concat(parts);
}

export function statFile(tree: SourceTree, path: string): Input<typeof Stat> {
  const { entry } = at(tree, path, "lstat");
  return statOf(baseOf(inside(path)), entry);
}

export function readDir(tree: SourceTree, path: string, pattern: string): Input<typeof Stat>[] {
  const { real, entry } = at(tree, path, "open");
  if (entry.type !== "directory") throw new GrpcError(Code.unknown, `readdir ${shown(path)}: not a directory`);
  const matches = pattern === "" ? () => true : (name: string) => compile(pattern).test(name);
  const names = tree.children(real).filter(matches);
  if (names.length > mostEntries)
    throw new GrpcError(Code.resourceExhausted, `${shown(path)}: more than ${mostEntries} entries`);
  return names.flatMap((name) => {
    const found = tree.entry(real === "" ? name : `${real}/${name}`);
    return found ? [statOf(name, found)] : [];
  });
}

function at(tree: SourceTree, path: string, call: string): { real: string; entry: SourceEntry } {
  const real = resolve(tree, path);
  const entry = real === undefined ? undefined : tree.entry(real);
  if (real === undefined || !entry)
    throw new GrpcError(Code.unknown, `${call} ${shown(path)}: no such file or directory`);
  return { real, entry };
}

const shown = (path: string) => `/${inside(path)}`;

function statOf(name: string, { type, mode, uid, gid, size, mtime, mtimeNanos, linkName }: SourceEntry) {
  return {
    path: name,
    mode: modeOf(type, mode),
    uid,
    gid,
    size,
    modTime: BigInt(mtime) * 1_000_000_000n + BigInt(mtimeNanos),
    linkname: linkName,
  };
}
