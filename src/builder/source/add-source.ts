import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { decompress, sniffPacking } from "../../lib/decompress.ts";
import { EngineError, invalid, unavailable } from "../../lib/errors.ts";
import { filterThrough, run } from "../../lib/run.ts";
import { TarReader } from "../../lib/tar/reader.ts";
import { FolderTree } from "./folder-tree.ts";
import { type GitSsh, isSsh, sshEnvironment } from "./git-ssh.ts";
import type { SourceTree } from "./tree.ts";

/** True for a source of ADD that is fetched by HTTP; a Git repository's address is none. */
export const isUrl = (source: string) => /^https?:\/\//.test(source) && !isGit(source);
/**
 * True for a source of ADD that is a Git repository: `user@host:…`, `git://`, `ssh://`, and http(s) where the path ends
 * in `.git`.
 */
export const isGit = (source: string) =>
  /^[\w-]+@[A-Za-z0-9.-]+:|^git:\/\/|^ssh:\/\/|^https?:\/\/.+\.git(#.*)?$/.test(source);

/** A build context that is one: as ADD has it, or `github.com/…`. */
export const isGitContext = (source: string) => isGit(source) || /^github\.com\//.test(source);

/** A Git repository at one commit. `folder`: the part of it that was asked for. Disposing of it deletes the files. */
export interface GitCheckout extends Disposable {
  tree: FolderTree;
  folder: string;
  commit: string;
}

/** How a repository is cloned. */
export interface CloneOptions {
  /** Directory for the scratch folder. */
  tmp: string;
  /** The `.git` directory goes unless it is to be kept. */
  keepGitDir: boolean;
  skipSubmodules?: boolean;
  /** The header `Authorization` for the repository's server. */
  authorization?: string;
  /** Told what git itself says. */
  said?: (text: string) => void;
  /** For addresses that are spoken to by ssh. */
  ssh: GitSsh;
  signal: AbortSignal;
}

/** Clones `repository[#ref[:folder]]` to a scratch folder. */
export async function cloneGit(source: string, options: CloneOptions): Promise<GitCheckout> {
  const [, repository = "", ref = "", folder = ""] = /^([^#]+)(?:#([^:]*)(?::(.*))?)?$/.exec(source) ?? [];
  // It would be taken for an option.
  if (ref.startsWith("-")) throw invalid(`invalid git reference ${JSON.stringify(ref)}`);
  await using undo = new AsyncDisposableStack();
  const ssh = isSsh(repository) ? await sshEnvironment(options.tmp, options.ssh, undo) : {};
  const scratch = mkdtempSync(join(options.tmp, "git-"));
  const quietly = ["-c", "advice.detachedHead=false", "-c", "init.defaultBranch=main"];
  const git = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(["git", "-c", "protocol.ext.allow=never", ...quietly, ...args], {
      cwd: scratch,
      signal: options.signal,
      env: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        HOME: scratch,
        GIT_TERMINAL_PROMPT: "0",
        GIT_CONFIG_NOSYSTEM: "1",
        ...ssh,
        ...(options.authorization !== undefined && secretHeader(repository, options.authorization)),
      },
    });
    if (exitCode !== 0) throw unavailable(`failed to fetch remote ${repository}: git: ${stderr.trim()}`);
    if (args[0] === "init" || args[0] === "fetch" || args[0] === "checkout") options.said?.(`${stdout}${stderr}`);
    return stdout.trim();
  };
  try {
    await git("init", ".");
    await git("remote", "add", "origin", repository);
    await git("fetch", "--no-progress", "--depth", "1", "--no-tags", "origin", ref || "HEAD").catch(async () => {
      // Not every server gives parts of its history, single commits or short names: fall back to all of it.
      if (ref === "") return git("fetch", "--no-progress", "origin", "HEAD");
      await git("fetch", "--no-progress", "origin", "+refs/heads/*:refs/remotes/origin/*", "--tags");
      await git(
        "update-ref",
        "FETCH_HEAD",
        await git("rev-parse", "--verify", `${ref}^{commit}`)
          .catch(() => git("rev-parse", "--verify", `origin/${ref}^{commit}`))
          .catch((error: unknown) => {
            options.signal.throwIfAborted();
            throw invalid(`repository does not contain ref ${ref}`, error);
          }),
      );
    });
    await git("checkout", "FETCH_HEAD");
    if (!options.skipSubmodules) await git("submodule", "update", "--quiet", "--init", "--recursive", "--depth", "1");
    const commit = await git("rev-parse", "HEAD");
    options.said?.(`${commit}\t${ref || "HEAD"}\n`);
    if (!options.keepGitDir) rmSync(join(scratch, ".git"), { recursive: true, force: true });
    const tree = new FolderTree(scratch);
    return {
      tree,
      folder,
      commit,
      [Symbol.dispose]() {
        tree[Symbol.dispose]();
        rmSync(scratch, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
}

/** A header for one server only, in the environment: other users of the machine can see arguments. */
function secretHeader(repository: string, authorization: string): Record<string, string> {
  const { origin } = URL.parse(repository) ?? { origin: "null" };
  if (!origin.startsWith("http")) return {};
  return {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${origin}/.extraheader`,
    GIT_CONFIG_VALUE_0: `Authorization: ${authorization}`,
  };
}

/**
 * True for what ADD unpacks when it comes from the context: a tar, plain or compressed, by what it begins with. What
 * only is compressed is none.
 */
export async function isArchive(tree: SourceTree, path: string): Promise<boolean> {
  let found = false;
  const reader = new TarReader({
    entry() {
      found = true;
    },
    data() {},
    end() {},
  });
  try {
    const { packing, stream } = await sniffPacking(tree.read(path));
    for await (const chunk of packing === "bzip2" || packing === "xz"
      ? filterThrough([packing, "-dc"], stream)
      : decompress(stream, packing)) {
      reader.write(chunk);
      if (found || reader.ended) break;
    }
  } catch (error) {
    // Without the program that it takes nobody knows what it is.
    if (error instanceof EngineError && error.kind === "unavailable") throw error;
  }
  return found;
}
