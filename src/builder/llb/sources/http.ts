import { isDigest } from "../../../oci/digest.ts";
import { fetchUrl, keepStream } from "../../source/fetch-url.ts";
import { OwnedTree } from "../../source/owned-tree.ts";
import { baseOf } from "../../source/path.ts";
import { BadDefinition } from "../graph.ts";
import type { LlbWork, Output } from "../work.ts";
import type { SourceRequest } from "./request.ts";

const known = [
  "http.checksum",
  "http.filename",
  "http.perm",
  "http.uid",
  "http.gid",
  "http.authheadersecret",
  "http.header.",
];
/** Headers that a definition may send. */
const allowedHeaders = new Set(["accept", "user-agent"]);

/** Stands for the client of a build, which streams what URLs of it name. */
const uploadHost = "buildkit-session";

/** `https://…`: one file. */
export async function httpSource(work: LlbWork, { identifier, attributes }: SourceRequest): Promise<Output> {
  attributes.only(known);
  const { deps, signal, undo } = work;
  const url = checkedUrl(identifier);
  const checksum = attributes.get("http.checksum");
  if (checksum !== undefined && !isDigest(checksum)) throw attributes.bad("http.checksum", checksum);
  const headers = Object.fromEntries(
    attributes.below("http.header.").filter(([name]) => allowedHeaders.has(name.toLowerCase())),
  );
  const uploaded = url.hostname === uploadHost;
  const authorization = uploaded
    ? undefined
    : await authorizationFor(work, url.host, attributes.get("http.authheadersecret"));
  using _slot = await work.fetches.acquire(signal);
  const { tmp } = deps;
  const fetched = undo.use(
    uploaded
      ? await keepStream(work.client.upload(url.pathname), { tmp, name: baseOf(url.pathname) || "upload" })
      : await fetchUrl(identifier, {
          tmp,
          checksum,
          signal,
          headers: { ...headers, ...(authorization !== undefined && { authorization }) },
        }),
  );
  work.materials.set(identifier, fetched.digest);
  return {
    files: new OwnedTree(fetched.tree, fetched.name, {
      name: nameOf(attributes.get("http.filename"), fetched.name),
      mode: (attributes.number("http.perm") ?? 0) || 0o600,
      uid: attributes.number("http.uid") ?? 0,
      gid: attributes.number("http.gid") ?? 0,
    }),
  };
}

function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || url.host === "") throw new BadDefinition(`invalid URL ${JSON.stringify(text.slice(0, 200))}`);
  return url;
}

/** What the client has for a server: a whole header, or a token. */
async function authorizationFor(
  { client }: LlbWork,
  host: string,
  secret: string | undefined,
): Promise<string | undefined> {
  const read = async (id: string) => {
    const value = await client.secret(id);
    return value && value.length > 0 ? Buffer.from(value).toString("utf8").trim() : undefined;
  };
  if (secret !== undefined) return read(secret);
  const header = await read(`HTTP_AUTH_HEADER_${host}`);
  if (header !== undefined) return header;
  const token = await read(`HTTP_AUTH_TOKEN_${host}`);
  return token === undefined ? undefined : `Bearer ${token}`;
}

/** A name for the file, without folders. */
function nameOf(asked: string | undefined, own: string): string {
  const name = asked?.split("/").at(-1) ?? "";
  return name === "" || name === "." || name === ".." ? own : name;
}
