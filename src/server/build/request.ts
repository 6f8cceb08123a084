import type { Resources } from "../../api/types/container.ts";
import type { AuthConfig } from "../../api/types/system.ts";
import { parseAnnotation } from "../../build/annotations.ts";
import { parseCacheSpecs } from "../../build/cache/spec.ts";
import { parseAttests } from "../../build/attest/spec.ts";
import type { BuildContext } from "../../build/context.ts";
import type { Platform } from "../../oci/image.ts";
import { formatPlatform, parsePlatform } from "../../oci/platform.ts";
import type { BuildRequest } from "../../build/request.ts";
import { IndexedContext } from "../../build/source/indexed-context.ts";
import { contextIndexType } from "../../api/build-context.ts";
import { readContextIndex } from "./context-index.ts";
import { ContextArchive } from "../../build/source/context-archive.ts";
import { layoutImage } from "../../build/layout-image.ts";
import { cloneGit, isGit, isUrl } from "../../build/add-source.ts";
import { fetchUrl } from "../../build/fetch-url.ts";
import { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import { MemoryTree } from "../../build/source/memory-tree.ts";
import { inside } from "../../build/source/path.ts";
import { resolve, type SourceTree } from "../../build/source/tree.ts";
import { decompress, sniffPacking, type Packing } from "../../lib/decompress.ts";
import { newId } from "../../lib/ids.ts";
import { invalid } from "../../lib/errors.ts";
import { filter } from "../../lib/run.ts";
import type { ApiRequest } from "../http/router.ts";

/** A map given as JSON in a query parameter. Throws `invalid`. */
function jsonMap(request: ApiRequest, key: string): Record<string, string> {
  const text = request.query.get(key);
  if (text === "") return {};
  const value = parse(text, key) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalid(`invalid ${key}: it should be a JSON object`);
  // An argument without a value takes none, as if it had not been given.
  return Object.fromEntries(Object.entries(value).flatMap(([name, each]) => (typeof each === "string" ? [[name, each]] : each === null ? [] : [[name, String(each)]])));
}

function parse(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`error parsing ${key}: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
}

function ulimits(request: ApiRequest): Resources["Ulimits"] {
  const text = request.query.get("ulimits");
  // Clients written in Go send `null` for an empty list.
  const value = (text === "" ? null : parse(text, "ulimits")) ?? [];
  if (!Array.isArray(value)) throw invalid("error reading ulimit settings: it should be a JSON array");
  return value.map((each: unknown) => {
    if (typeof each === "object" && each !== null && "Name" in each && typeof each.Name === "string" && "Soft" in each && typeof each.Soft === "number" && "Hard" in each && typeof each.Hard === "number") {
      return { Name: each.Name, Soft: each.Soft, Hard: each.Hard };
    }
    throw invalid("error reading ulimit settings: each needs Name, Soft and Hard");
  });
}

/** Credentials by registry, from the header that Docker's clients send. */
export function registryConfig(header: string | undefined): Map<string, AuthConfig> {
  if (!header) return new Map();
  try {
    const value: Record<string, AuthConfig> = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
    return new Map(Object.entries(value));
  } catch {
    return new Map();
  }
}

/** Secrets by id come in a header, base64 of JSON of base64: a query would stand in logs. */
function readSecrets(header: string | undefined): Map<string, Uint8Array> {
  if (!header) return new Map();
  const value = parse(Buffer.from(header, "base64").toString("utf8"), "secrets");
  if (typeof value !== "object" || value === null) throw invalid("error parsing secrets: it should be a JSON object");
  return new Map(Object.entries(value).map(([id, content]) => [id, new Uint8Array(Buffer.from(String(content), "base64"))]));
}

/**
 * Reads `POST /build`: its query, and the context that it carries or names. What it made is undone with `undo`.
 * `content`: the context where only its index came; what it needs is still to be asked for.
 */
export async function readBuild(ctx: BuildContext, request: ApiRequest, undo: AsyncDisposableStack): Promise<{ asked: BuildRequest; content: IndexedContext | undefined }> {
  const { query, signal } = request;
  if (query.get("version") === "2") throw invalid("this builder takes no BuildKit sessions: it has the same capability behind version 1 (DOCKER_BUILDKIT=0)");
  const platformText = query.get("platform");
  const platforms = distinct(platformText.split(",").filter(Boolean).map(parsePlatform));
  const buildArgs = jsonMap(request, "buildargs");
  const labels = jsonMap(request, "labels");
  const limits = ulimits(request);
  const secrets = readSecrets(request.headers.get("x-berth-secrets"));
  const sshSockets = new Map(Object.entries(jsonMap(request, "ssh")));
  const contexts = new Map<string, SourceTree | { image: string }>();
  const layouts = new Map<string, string>();
  for (const [name, source] of Object.entries(jsonMap(request, "contexts"))) {
    if (source.startsWith("docker-image://")) contexts.set(name, { image: source.slice("docker-image://".length) });
    else if (isGit(source)) contexts.set(name, undo.use(await cloneGit(source, { tmp: ctx.tmp, keepGitDir: false, signal })).tree);
    else if (source.startsWith(layoutScheme)) layouts.set(name, source.slice(layoutScheme.length));
    else if (isUrl(source)) contexts.set(name, (await fetchContext(ctx, source, undo, signal)).tree);
    else throw invalid(`unsupported build context ${name}=${source}`);
  }
  const auth = registryConfig(request.headers.get("x-registry-config"));
  const epoch = buildArgs["SOURCE_DATE_EPOCH"];

  const dockerfilePath = query.get("dockerfile") || "Dockerfile";
  const { tree, dockerfile, ignore, content } = await readContext(ctx, request, dockerfilePath, undo, contexts);
  for (const [name, wanted] of layouts) {
    const folder = contexts.get(name);
    if (!folder || "image" in folder) throw invalid(`the OCI layout of the build context ${name} was not sent`);
    contexts.set(name, { image: await layoutImage(ctx, folder, wanted, undo) });
  }
  const cacheTo = parseCacheSpecs(query.all("cacheto"));
  const number = (key: string) => query.int(key) ?? 0;
  const asked: BuildRequest = {
    // Clients send a Dockerfile from elsewhere under a name of their making.
    dockerfile, dockerfileName: /^\.dockerfile\.[0-9a-f]{20}$/.test(dockerfilePath) ? "Dockerfile" : dockerfilePath, context: tree, ignore, contexts,
    target: query.get("target"), buildArgs, labels, tags: query.all("t").filter(Boolean), platforms,
    noCache: query.bool("nocache"), noCacheFilter: new Set(query.get("nocachefilter").toLowerCase().split(",").filter(Boolean)), pull: query.bool("pull"), squash: query.bool("squash"),
    cacheFrom: parseCacheSpecs(stringList(query.get("cachefrom"))), cacheTo, inlineCache: buildArgs["BUILDKIT_INLINE_CACHE"] === "1" || cacheTo.some(({ type }) => type === "inline"),
    network: query.get("networkmode") === "default" ? "" : query.get("networkmode"),
    extraHosts: query.all("extrahosts").flatMap((each) => (each.startsWith("[") ? stringList(each) : each.split(","))).filter(Boolean),
    resources: {
      Memory: number("memory"), MemorySwap: number("memswap"), CpuShares: number("cpushares"), CpuPeriod: number("cpuperiod"), CpuQuota: number("cpuquota"),
      CpusetCpus: query.get("cpusetcpus"), CpusetMems: query.get("cpusetmems"), ShmSize: number("shmsize"), CgroupParent: query.get("cgroupparent"),
      Ulimits: limits ?? [], SecurityOpt: query.all("securityopt").flatMap((each) => (each.startsWith("[") ? stringList(each) : [each])).filter(Boolean),
    },
    allow: new Set(query.all("allow").flatMap((each) => each.split(","))),
    secrets, sshSockets, auth: (domain) => auth.get(domain) ?? (domain === "docker.io" ? auth.get("https://index.docker.io/v1/") : undefined),
    describe: query.bool("describe"), annotations: query.all("annotation").flatMap(parseAnnotation), attests: parseAttests(query.all("attest")), remote: query.get("remote"),
    sourceDateEpoch: epoch !== undefined && /^\d+$/.test(epoch) ? Number(epoch) : undefined,
  };
  return { asked, content };
}

function distinct(platforms: readonly Platform[]): Platform[] {
  return [...new Map(platforms.map((platform) => [formatPlatform(platform), platform])).values()];
}

function stringList(text: string): string[] {
  const value: unknown = text === "" ? [] : parse(text, "list");
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
}

/** An index of two million files with long names. */
const maxIndexBytes = 512 * 1024 * 1024;

/** A named context that is an image in a folder: the folder comes as a context of that name, the tag or digest after this. */
const layoutScheme = "oci-layout://";

/** What a URL gives: the files of an archive, or one file as it is, named `single`. */
async function fetchContext(ctx: BuildContext, url: string, undo: AsyncDisposableStack, signal: AbortSignal): Promise<{ tree: SourceTree; archive?: ContextArchive; single: string }> {
  const fetched = undo.use(await fetchUrl(url, { tmp: ctx.tmp, signal }));
  const { packing, stream } = await sniffPacking(fetched.tree.read(fetched.name));
  const head = await readHead(fetched.tree, fetched.name);
  if (packing === "none" && head.subarray(257, 262).toString("latin1") !== "ustar") return { tree: fetched.tree, single: fetched.name };
  const archive = undo.use(await ContextArchive.receive(unpack(stream, packing), `${ctx.tmp}/context-${newId()}`));
  return { tree: archive, archive, single: "" };
}

interface ReadContext {
  tree: SourceTree;
  dockerfile: string;
  ignore: IgnorePatterns | undefined;
  /** The tree, where its content is still to be asked for. */
  content?: IndexedContext;
}

/** Named contexts travel in the same archive, below a folder that no project has. */
const contextsFolder = ".berth-contexts";

/** The context, and the Dockerfile in it. `remote`: a git repository, or a URL of a tar or of a Dockerfile. */
async function readContext(ctx: BuildContext, request: ApiRequest, path: string, undo: AsyncDisposableStack, contexts: Map<string, SourceTree | { image: string }>): Promise<ReadContext> {
  const remote = request.query.get("remote");
  if (remote !== "" && remote !== "client-session") {
    if (isGit(remote) || /^github\.com\//.test(remote)) {
      const checkout = undo.use(await cloneGit(remote.startsWith("github.com/") ? `https://${remote}` : remote, { tmp: ctx.tmp, keepGitDir: false, signal: request.signal }));
      const tree = checkout.folder ? below(checkout.tree, checkout.folder) : checkout.tree;
      return { tree, dockerfile: await readText(tree, path), ignore: undefined };
    }
    if (!isUrl(remote)) throw invalid(`remote ${remote} is neither a git repository nor a URL`);
    const fetched = await fetchContext(ctx, remote, undo, request.signal);
    if (!fetched.archive) return { tree: new MemoryTree([]), dockerfile: await readText(fetched.tree, fetched.single), ignore: undefined };
    return within(fetched.archive);
  }
  if (request.headers.get("content-type") === contextIndexType) {
    const { source, dockerfile, ignore, entries } = readContextIndex(await request.body.bytes(maxIndexBytes));
    const { store } = undo.use(await ctx.contents.open(source, new Set(entries.flatMap((entry) => entry.digest ?? []))));
    const content = new IndexedContext(entries, store);
    return { tree: withNamed(content), dockerfile, ignore: ignore === undefined ? undefined : IgnorePatterns.parse(ignore), content };
  }
  const { packing, stream } = await sniffPacking(request.body);
  return within(undo.use(await ContextArchive.receive(unpack(stream, packing), `${ctx.tmp}/context-${newId()}`)));

  /** Takes the named contexts that travel with it out of a tree. */
  function withNamed(tree: SourceTree): SourceTree {
    for (const name of tree.children(contextsFolder)) contexts.set(name, below(tree, `${contextsFolder}/${name}`));
    return without(tree, contextsFolder);
  }

  async function within(received: ContextArchive): Promise<ReadContext> {
    const dockerfile = await readText(received, path);
    // Clients send what the engine itself needs whatever the patterns say: the build is not to see it.
    const ignore = await received.text(`${path}.dockerignore`) ?? await received.text(".dockerignore");
    const patterns = ignore === undefined ? undefined : IgnorePatterns.parse(ignore);
    if (patterns) {
      received.exclude((each) => !each.startsWith(`${contextsFolder}/`) && patterns.ignores(each));
    }
    return { tree: withNamed(received), dockerfile, ignore: patterns };
  }
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

async function readText(tree: SourceTree, path: string): Promise<string> {
  const real = resolve(tree, inside(path));
  if (real === undefined || tree.entry(real)?.type !== "file") throw invalid(`Cannot locate specified Dockerfile: ${path}`);
  if ((tree.entry(real)?.size ?? 0) > 4 * 1024 * 1024) throw invalid(`the Dockerfile ${path} is larger than 4 MB`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of tree.read(real)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** A tree without one of the folders at its top. */
function without(tree: SourceTree, folder: string): SourceTree {
  if (!tree.entry(folder)) return tree;
  const hidden = (path: string) => path === folder || path.startsWith(`${folder}/`);
  return {
    entry: (path) => (hidden(path) ? undefined : tree.entry(path)), children: (path) => (path === "" ? tree.children("").filter((name) => name !== folder) : tree.children(path)),
    read: (path) => tree.read(path), digest: (path) => (hidden(path) ? undefined : tree.digest(path)),
    ready: async (paths) => tree.ready?.(paths),
  };
}

/** A folder of a tree as a tree of its own. */
function below(tree: SourceTree, folder: string): SourceTree {
  const base = inside(folder);
  const at = (path: string) => (path ? `${base}/${path}` : base);
  return { entry: (path) => tree.entry(at(path)), children: (path) => tree.children(at(path)), read: (path) => tree.read(at(path)), digest: (path) => tree.digest(at(path)), ready: async (paths) => tree.ready?.(paths.map(at)) };
}
