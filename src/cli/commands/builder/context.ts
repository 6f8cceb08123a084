/** Where a build's files come from: a directory, an archive or Dockerfile on standard input, a URL. */
import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, relative, resolve } from "node:path";
import { newId } from "../../../lib/ids.ts";
import { IgnorePatterns } from "../../../lib/ignore-patterns.ts";
import { setOwn } from "../../../lib/own.ts";
import { tarEntry } from "../../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../../lib/tar/writer.ts";
import { packDirectory } from "../../archive/pack.ts";
import type { ContextFolder, SentFolders } from "../../build/context-index.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { fileError } from "../../files.ts";
import { isArchive, peek } from "./archive-or-dockerfile.ts";

export interface BuildContext {
  /** What is sent; absent where the engine fetches it from `remote`. */
  archive?: AsyncIterable<Uint8Array>;
  /** The same for an engine that takes an index first: folders, and the text of the Dockerfile. */
  folders?: SentFolders;
  /** Path of the Dockerfile in it; empty for the usual name. */
  dockerfile: string;
  remote?: string;
  /** Named contexts that the engine fetches itself: images, git repositories. */
  contexts: Record<string, string>;
}

/** `dockerfile` as given by `--file`: empty, a path (as seen from here), or `-` for standard input. */
export async function openContext(
  deps: CommandDeps,
  source: string,
  dockerfile: string,
  named: readonly string[] = [],
): Promise<BuildContext> {
  const context = await openMainContext(deps, source, dockerfile);
  const contexts: Record<string, string> = {};
  const folders: [string, string][] = [];
  for (const spec of named) {
    const equals = spec.indexOf("=");
    if (equals < 1) throw new CliError(`invalid build context ${spec}: it should be name=value`);
    const [name, value] = [spec.slice(0, equals), spec.slice(equals + 1)];
    if (isRemote(value) || value.startsWith("docker-image://")) setOwn(contexts, name, value);
    else
      folders.push([
        name,
        await realpath(value).catch(() => {
          throw new CliError(`failed to get build context ${name}: stat ${value}: no such file or directory`);
        }),
      ]);
  }
  if (folders.length === 0) return { ...context, contexts };
  if (!context.archive) throw new CliError("directories as further contexts need a context that is sent from here");
  const more = folders.map(
    ([name, root]): ContextFolder => ({ root, options: { prefix: `.berth-contexts/${name}/`, owner } }),
  );
  return {
    ...context,
    contexts,
    archive: withFolders(more, context.archive),
    ...(context.folders && { folders: { ...context.folders, folders: [...context.folders.folders, ...more] } }),
  };
}

const owner = { uid: 0, gid: 0 };

/** Named contexts travel below a folder of the archive that no project has. */
async function* withFolders(
  folders: readonly ContextFolder[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (const { root, options } of folders) yield* packDirectory(root, options);
  yield* rest;
}

async function openMainContext(
  deps: CommandDeps,
  source: string,
  dockerfile: string,
): Promise<Omit<BuildContext, "contexts">> {
  if (source === "-" && dockerfile === "-")
    throw new CliError("invalid argument: can't use stdin for both build context and dockerfile");
  if (source === "-") return fromStdin(deps, dockerfile);
  if (await lstat(source).catch(() => null)) return fromDirectory(deps, source, dockerfile);
  if (isRemote(source)) {
    if (dockerfile === "-")
      throw new CliError("unable to prepare context: a Dockerfile on standard input needs a local context");
    return { remote: source, dockerfile };
  }
  throw new CliError(`unable to prepare context: path "${source}" not found`);
}

/** Git repositories and things to download, which the engine fetches itself. */
export function isRemote(source: string): boolean {
  return /^(https?|git|ssh):\/\//.test(source) || /^git@/.test(source) || source.startsWith("github.com/");
}

async function fromStdin(deps: CommandDeps, dockerfile: string): Promise<Omit<BuildContext, "contexts">> {
  const { head, all } = await peek(deps.stdin.stream(), 1024);
  if (isArchive(head)) return { archive: all, dockerfile };
  if (dockerfile !== "")
    throw new CliError(
      "unable to prepare context: ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles",
    );
  return { archive: single("Dockerfile", await collect(all)), dockerfile: "Dockerfile" };
}

async function fromDirectory(
  deps: CommandDeps,
  source: string,
  dockerfile: string,
): Promise<Omit<BuildContext, "contexts">> {
  const root = await realpath(source);
  if (!(await lstat(root)).isDirectory())
    throw new CliError(`unable to prepare context: context must be a directory: ${root}`);
  const own = dockerfile === "-" ? null : await findDockerfile(root, dockerfile);
  const inside = own !== null && !own.path.startsWith("../") && !isAbsolute(own.path);
  const ignore = await readIgnored(root, own?.full ?? `${root}/Dockerfile`);
  const ignored = IgnorePatterns.parse(ignore ?? "");
  // The engine needs both files, whatever the patterns say; it leaves them out itself.
  const kept = new Set([".dockerignore", ...(own && inside ? [own.path] : [])]);
  const needsFolder = (path: string) => [...kept].some((file) => file.startsWith(`${path}/`));
  const pack = (leavesOut: (path: string) => boolean) =>
    packDirectory(root, {
      excludes: (path) => leavesOut(path) || (!kept.has(path) && ignored.ignores(path)),
      enters: (path) => needsFolder(path) || !ignored.canSkipFolder(path),
      owner,
    });
  const content = own ? await readFile(own.full) : await collect(deps.stdin.stream());
  const shown = {
    excludes: (path: string) => ignored.ignores(path),
    enters: (path: string) => !ignored.canSkipFolder(path),
    owner,
  };
  const folders = {
    folders: [{ root, options: shown }],
    dockerfile: new TextDecoder().decode(content),
    ...(ignore !== undefined && { ignore }),
  };
  if (own && inside) return { archive: pack(() => false), dockerfile: own.path, folders };
  const name = `.dockerfile.${newId().slice(0, 20)}`;
  // The Dockerfile comes in from elsewhere: the build itself is not to see it.
  const patterns = await Bun.file(`${root}/.dockerignore`)
    .text()
    .catch(() => ".dockerignore");
  const added: [string, Uint8Array][] = [
    [name, content],
    [".dockerignore", Buffer.from(`${patterns}\n${name}\n`)],
  ];
  return {
    archive: withFiles(
      added,
      pack((path) => path === ".dockerignore"),
    ),
    dockerfile: name,
    folders,
  };
}

interface Found {
  path: string;
  full: string;
}

/** The Dockerfile, relative to the context; `dockerfile` in lower case is found too where none was named. */
async function findDockerfile(root: string, given: string): Promise<Found> {
  const isThere = async (path: string) => (await lstat(path).catch(() => null)) !== null;
  let full = given === "" ? `${root}/Dockerfile` : resolve(given);
  if (given === "" && !(await isThere(full)) && (await isThere(`${root}/dockerfile`))) full = `${root}/dockerfile`;
  const target = await realpath(full).catch((error: unknown) => {
    throw new CliError(
      "unable to prepare context: unable to evaluate symlinks in Dockerfile path: " +
        `${fileError("lstat", full, error).message}`,
    );
  });
  return { full: target, path: relative(root, target) };
}

/** `<Dockerfile>.dockerignore` beside the Dockerfile, else the context's `.dockerignore`. */
async function readIgnored(root: string, dockerfile: string): Promise<string | undefined> {
  for (const path of [`${dirname(dockerfile)}/${basename(dockerfile)}.dockerignore`, `${root}/.dockerignore`]) {
    const file = Bun.file(path);
    if (await file.exists()) return file.text();
  }
  return undefined;
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await Bun.file(path).bytes();
  } catch (error) {
    throw new CliError(`unable to open Dockerfile: ${fileError("open", path, error).message}`);
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

const member = (name: string, content: Uint8Array) => [
  encodeHeader(tarEntry({ name, mode: 0o600, size: content.length })),
  content,
  padding(content.length),
];

async function* single(name: string, content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* member(name, content);
  yield endOfArchive();
}

async function* withFiles(
  files: readonly [string, Uint8Array][],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (const [name, content] of files) yield* member(name, content);
  yield* rest;
}
