import { cloneGit } from "../../source/add-source.ts";
import { below } from "../../source/subtree.ts";
import { BadDefinition } from "../graph.ts";
import type { LlbWork, Output, Told } from "../work.ts";
import type { SourceRequest } from "./request.ts";

const known = [
  "git.keepgitdir",
  "git.fullurl",
  "git.authheadersecret",
  "git.authtokensecret",
  "git.knownsshhosts",
  "git.mountsshsock",
  "git.checksum",
  "git.skipsubmodules",
];

/** `git://HOST/PATH#REF:FOLDER`: a repository at one commit. `git.fullurl` is its address as it is spoken to. */
export async function gitSource(
  work: LlbWork,
  { identifier, rest, attributes }: SourceRequest,
  told: Told,
): Promise<Output> {
  attributes.only(known);
  const { deps, signal, undo } = work;
  const hash = rest.indexOf("#");
  const [address, fragment] = hash < 0 ? [rest, ""] : [rest.slice(0, hash), rest.slice(hash)];
  const remote = attributes.get("git.fullurl") ?? (isTransport(address) ? address : `https://${address}`);
  if (!isTransport(remote)) throw new BadDefinition(`invalid git address ${JSON.stringify(remote.slice(0, 200))}`);
  const authorization = await authorizationFor(
    work,
    attributes.get("git.authheadersecret"),
    attributes.get("git.authtokensecret"),
  );
  const agent = attributes.get("git.mountsshsock");
  using _slot = await work.fetches.acquire(signal);
  const checkout = undo.use(
    await cloneGit(`${remote.replace(/#.*$/s, "")}${fragment}`, {
      tmp: deps.tmp,
      keepGitDir: attributes.flag("git.keepgitdir"),
      skipSubmodules: attributes.flag("git.skipsubmodules"),
      ssh: { session: work.client, agent, knownHosts: attributes.get("git.knownsshhosts") },
      ...(authorization !== undefined && { authorization }),
      said: (text) => void told.output(2, Buffer.from(text)),
      signal,
    }),
  );
  const checksum = attributes.get("git.checksum");
  if (checksum !== undefined && !checkout.commit.startsWith(checksum))
    throw new BadDefinition(`expected checksum to match ${checksum}, got ${checkout.commit}`);
  work.materials.set(identifier, checkout.commit);
  return { files: checkout.folder ? below(checkout.tree, checkout.folder) : checkout.tree };
}

/** An address that git is to speak to over a network: nothing of this machine. */
const isTransport = (text: string) => /^(https?|git|ssh):\/\/[^/]|^\w[\w.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:/.test(text);

/** What the client has for it: a whole header, or a token. */
async function authorizationFor(
  { client }: LlbWork,
  header: string | undefined,
  token: string | undefined,
): Promise<string | undefined> {
  const read = async (id: string | undefined) => {
    const value = id === undefined ? undefined : await client.secret(id);
    return value && value.length > 0 ? Buffer.from(value).toString("utf8").trim() : undefined;
  };
  const whole = await read(header);
  if (whole !== undefined) return whole;
  const secret = await read(token);
  return secret === undefined ? undefined : `basic ${Buffer.from(`x-access-token:${secret}`).toString("base64")}`;
}
