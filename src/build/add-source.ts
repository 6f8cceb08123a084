import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { invalid, unavailable } from "../lib/errors.ts";
import { run } from "../lib/run.ts";
import { FolderTree } from "./source/folder-tree.ts";
import type { SourceTree } from "./source/tree.ts";

export const isUrl = (source: string) => /^https?:\/\//.test(source) && !isGit(source);
export const isGit = (source: string) => /^git@|^git:\/\/|^ssh:\/\/git@|^https?:\/\/.+\.git(#.*)?$/.test(source);

export interface GitCheckout extends Disposable {
  tree: FolderTree;
  folder: string;
  commit: string;
}

/** Clones `repository[#ref[:folder]]` to a scratch folder. The `.git` directory goes unless it is to be kept. */
export async function cloneGit(source: string, options: { tmp: string; keepGitDir: boolean; signal: AbortSignal }): Promise<GitCheckout> {
  const [, repository = "", ref = "", folder = ""] = /^([^#]+)(?:#([^:]*)(?::(.*))?)?$/.exec(source) ?? [];
  // It would be taken for an option.
  if (ref.startsWith("-")) throw invalid(`invalid git reference ${JSON.stringify(ref)}`);
  const scratch = mkdtempSync(join(options.tmp, "git-"));
  const git = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(["git", "-c", "protocol.ext.allow=never", ...args], { cwd: scratch, signal: options.signal, env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: scratch, GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_NOSYSTEM: "1" } });
    if (exitCode !== 0) throw unavailable(`failed to fetch remote ${repository}: git: ${stderr.trim()}`);
    return stdout.trim();
  };
  try {
    await git("init", "--quiet", ".");
    await git("remote", "add", "origin", repository);
    await git("fetch", "--quiet", "--depth", "1", "--no-tags", "origin", ref || "HEAD").catch(async () => {
      // Not every server gives parts of its history, single commits or short names: fall back to all of it.
      if (ref === "") return git("fetch", "--quiet", "origin", "HEAD");
      await git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", "--tags");
      await git("update-ref", "FETCH_HEAD", await git("rev-parse", "--verify", `${ref}^{commit}`).catch(() => git("rev-parse", "--verify", `origin/${ref}^{commit}`)));
    });
    await git("checkout", "--quiet", "FETCH_HEAD");
    await git("submodule", "update", "--quiet", "--init", "--recursive", "--depth", "1");
    const commit = await git("rev-parse", "HEAD");
    if (!options.keepGitDir) rmSync(join(scratch, ".git"), { recursive: true, force: true });
    const tree = new FolderTree(scratch);
    return { tree, folder, commit, [Symbol.dispose]() { tree[Symbol.dispose](); rmSync(scratch, { recursive: true, force: true }); } };
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
}

/** True for what ADD unpacks when it comes from the context: a tar, plain or compressed, by its first bytes. */
export async function isArchive(tree: SourceTree, path: string): Promise<boolean> {
  let head = new Uint8Array(0);
  for await (const chunk of tree.read(path)) {
    head = Buffer.concat([head, chunk]).subarray(0, 512);
    if (head.length >= 512) break;
  }
  const magic = (...bytes: number[]) => bytes.every((byte, index) => head[index] === byte);
  if (magic(0x1f, 0x8b) || magic(0x28, 0xb5, 0x2f, 0xfd) || magic(0xfd, 0x37, 0x7a, 0x58, 0x5a) || magic(0x42, 0x5a, 0x68)) return true;
  return Buffer.from(head.subarray(257, 262)).toString("latin1") === "ustar";
}
