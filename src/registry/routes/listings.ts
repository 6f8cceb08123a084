import { mediaTypes } from "../../oci/media-types.ts";
import type { RegistryDeps } from "../deps.ts";
import { RegistryError } from "../errors.ts";
import { nextLink, parsePage } from "../http/page.ts";
import { type Call, param } from "../http/route.ts";
import { parseManifest } from "../manifest/parse.ts";
import { listReferrers } from "../metadata/manifests.ts";
import { findRepository, listRepositoryNames } from "../metadata/repositories.ts";
import { listTags } from "../metadata/tags.ts";
import { askList } from "../mirror/listings.ts";
import { checkDigest, isDigest, isTag } from "../names.ts";
import { json } from "./answers.ts";

const referrersPage = 1000;
const catalogPage = 1000;

/** GET /v2/<name>/tags/list?n=&last= */
export async function getTags(call: Call): Promise<Response> {
  const { deps, url } = call;
  const name = param(call, "name");
  const { n, last } = parsePage(url.searchParams);
  const row = findRepository(deps.db, name);
  const theirs = await upstreamTags(deps, name, n, last);
  if (!row && !theirs)
    throw new RegistryError("NAME_UNKNOWN", "repository name not known to registry", { detail: { name } });
  const ours = row ? listTags(deps.db, row.id, last, n === undefined ? -1 : n + 1) : [];
  const found = theirs ? [...new Set([...ours, ...theirs])].sort(inOrder) : ours;
  const tags = n === undefined ? found : found.slice(0, n);
  const more = found.length > tags.length && tags.length > 0;
  return json({ name, tags }, more ? nextLink(`/v2/${name}/tags/list`, { n: String(n), last: tags.at(-1) ?? "" }) : {});
}

/** What upstream lists after `last`, one more than asked for where it has more. */
async function upstreamTags(
  deps: RegistryDeps,
  name: string,
  n: number | undefined,
  last: string,
): Promise<string[] | undefined> {
  const upstream = deps.mirrors.of(name);
  if (!upstream) return undefined;
  const query = new URLSearchParams({
    ...(n !== undefined && { n: String(n + 1) }),
    ...(last !== "" && { last }),
  });
  const tags = (await askList(deps, upstream, name, `tags/list?${query}`))?.["tags"];
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === "string" && isTag(tag)) : undefined;
}

/** As listTags has it. */
function inOrder(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : 1;
}

/** GET /v2/_catalog?n=&last=: the repositories that the caller may pull from. */
export function getCatalog({ deps, url, identity }: Call): Response {
  const page = parsePage(url.searchParams);
  const n = Math.min(page.n ?? catalogPage, catalogPage);
  const repositories: string[] = [];
  let last = page.last;
  while (repositories.length <= n) {
    const names = listRepositoryNames(deps.db, last, catalogPage);
    repositories.push(...names.filter((name) => deps.authority.may(identity, name, "pull")));
    const end = names.at(-1);
    if (end === undefined || names.length < catalogPage) break;
    last = end;
  }
  const more = repositories.length > n && n > 0;
  const shown = repositories.slice(0, n);
  return json(
    { repositories: shown },
    more ? nextLink("/v2/_catalog", { n: String(n), last: shown.at(-1) ?? "" }) : {},
  );
}

interface Referrer {
  mediaType: string;
  digest: string;
  size: number;
  artifactType?: string;
  annotations?: Record<string, string>;
}

async function upstreamReferrers(deps: RegistryDeps, name: string, digest: string): Promise<Referrer[]> {
  const upstream = deps.mirrors.of(name);
  const list = upstream && (await askList(deps, upstream, name, `referrers/${digest}`))?.["manifests"];
  const isReferrer = (value: unknown): value is Referrer =>
    typeof value === "object" &&
    value !== null &&
    "digest" in value &&
    typeof value.digest === "string" &&
    isDigest(value.digest) &&
    "mediaType" in value &&
    "size" in value;
  return Array.isArray(list) ? list.filter(isReferrer) : [];
}

/** GET /v2/<name>/referrers/<digest>?artifactType=: an index of the manifests that name it as their subject. */
export async function getReferrers(call: Call): Promise<Response> {
  const { deps, url } = call;
  const name = param(call, "name");
  const digest = checkDigest(param(call, "digest"));
  const wanted = url.searchParams.get("artifactType");
  const rows = listReferrers(deps.db, name, digest, url.searchParams.get("last") ?? "", referrersPage + 1);
  const shown = rows.slice(0, referrersPage);
  const ours = shown.map((row): Referrer => {
    const { annotations } = parseManifest(row.content, row.media_type);
    return {
      mediaType: row.media_type,
      digest: row.digest,
      size: row.content.length,
      ...(row.artifact_type && { artifactType: row.artifact_type }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    };
  });
  const theirs = await upstreamReferrers(deps, name, digest);
  const all = [...ours, ...theirs.filter(({ digest }) => !ours.some((own) => own.digest === digest))];
  const manifests = all.filter(({ artifactType }) => wanted === null || artifactType === wanted);
  const filter: Record<string, string> = wanted === null ? {} : { artifactType: wanted };
  return json(
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests },
    {
      "Content-Type": mediaTypes.ociIndex,
      ...(wanted !== null && { "OCI-Filters-Applied": "artifactType" }),
      ...(rows.length > shown.length
        ? nextLink(`/v2/${name}/referrers/${digest}`, { ...filter, last: shown.at(-1)?.digest ?? "" })
        : {}),
    },
  );
}
