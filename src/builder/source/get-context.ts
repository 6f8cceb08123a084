import { invalid } from "../../lib/errors.ts";
import { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import { once } from "../../lib/once.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildSession, OpenContext } from "../session/session.ts";
import { cloneGit, isGitContext, isUrl } from "./add-source.ts";
import type { ContextArchive } from "./context-archive.ts";
import { filesOf } from "./context-files.ts";
import { gitSsh } from "./git-ssh.ts";
import { MemoryTree } from "./memory-tree.ts";
import { readDockerfile } from "./read-dockerfile.ts";
import { fetchArchive, type Getting, receiveArchive } from "./receive-archive.ts";
import { below, without } from "./subtree.ts";
import type { SourceTree } from "./tree.ts";

/** A build's context, ready to be read. */
export interface GotContext {
  /** Its files, which may come only now. */
  open: OpenContext;
  /** Text of the Dockerfile. */
  dockerfile: string;
  /** What is left out, where that is known. */
  ignore: () => Promise<IgnorePatterns | undefined>;
  /** Named contexts that came along. */
  named: Map<string, SourceTree>;
}

/** Named contexts travel in the same archive, below a folder that no project has. */
const namedFolder = ".berth-contexts";

/**
 * Gets the context, and the Dockerfile in it. `remote`: a git repository, or a URL of a tar or of a Dockerfile; empty:
 * the client sends it. Throws `invalid` for what cannot be one.
 */
export async function getContext(
  { contents }: Pick<BuilderDeps, "contents">,
  session: BuildSession,
  { remote, dockerfilePath }: { remote: string; dockerfilePath: string },
  getting: Getting,
): Promise<GotContext> {
  if (remote !== "" && remote !== "client-session") {
    const apart = await session.definition({ dockerfilePath });
    return fromElsewhere(session, { remote, dockerfilePath, apart: apart?.dockerfile }, getting);
  }
  const sent = await session.context({ dockerfilePath, contents, undo: getting.undo });
  if ("archive" in sent) return fromArchive(await receiveArchive(sent.archive, getting), dockerfilePath, getting);
  const { dockerfile } = sent;
  const ignore = once(async () => {
    const text = await sent.ignore();
    return text === undefined ? undefined : IgnorePatterns.parse(text);
  });
  if ("files" in sent) return { ...parted(sent.files), dockerfile, ignore };
  return { open: sent.open, named: new Map(), dockerfile, ignore };
}

/** `apart`: the Dockerfile, where it is not to come from there. */
async function fromElsewhere(
  session: BuildSession,
  { remote, dockerfilePath, apart }: { remote: string; dockerfilePath: string; apart: string | undefined },
  getting: Getting,
): Promise<GotContext> {
  if (isGitContext(remote)) {
    const { tmp, undo, signal, told } = getting;
    const said = (text: string) => told?.said(remote, text);
    const url = remote.startsWith("github.com/") ? `https://${remote}` : remote;
    const ssh = gitSsh(session);
    const checkout = undo.use(await cloneGit(url, { tmp, keepGitDir: false, said, ssh, signal }));
    const tree = checkout.folder ? below(checkout.tree, checkout.folder) : checkout.tree;
    return {
      open: async () => filesOf(tree),
      dockerfile: apart ?? (await readDockerfile(tree, dockerfilePath)),
      ignore: unknown,
      named: new Map(),
    };
  }
  if (!isUrl(remote)) throw invalid(`remote ${remote} is neither a git repository nor a URL`);
  const fetched = await fetchArchive(remote, getting);
  if ("archive" in fetched) {
    getting.told?.unpacked(remote);
    return fromArchive(fetched.archive, dockerfilePath, getting, apart);
  }
  // A Dockerfile alone: there is nothing that it could copy.
  const dockerfile = apart ?? (await readDockerfile(fetched.tree, fetched.single));
  return { open: async () => filesOf(new MemoryTree([])), dockerfile, ignore: unknown, named: new Map() };
}

async function fromArchive(
  archive: ContextArchive,
  dockerfilePath: string,
  { signal }: Getting,
  apart?: string,
): Promise<GotContext> {
  const dockerfile = apart ?? (await readDockerfile(archive, dockerfilePath));
  // Clients send what the engine itself needs whatever the patterns say: the build is not to see it.
  const text = (await archive.text(`${dockerfilePath}.dockerignore`)) ?? (await archive.text(".dockerignore"));
  const ignore = text === undefined ? undefined : IgnorePatterns.parse(text);
  if (ignore) await archive.exclude((path) => !path.startsWith(`${namedFolder}/`) && ignore.ignores(path), signal);
  return { ...parted(archive), dockerfile, ignore: async () => ignore };
}

const unknown = async () => undefined;

/** Takes the named contexts that travel with it out of a tree. */
function parted(tree: SourceTree): Pick<GotContext, "open" | "named"> {
  const named = tree.children(namedFolder).map((name) => [name, below(tree, `${namedFolder}/${name}`)] as const);
  const rest = without(tree, namedFolder);
  return { open: async () => filesOf(rest), named: new Map(named) };
}
