import { mediaTypes } from "../../oci/media-types.ts";
import { RegistryError } from "../errors.ts";
import { nextLink, parsePage } from "../http/page.ts";
import { type Call, param } from "../http/route.ts";
import { parseManifest } from "../manifest/parse.ts";
import { listReferrers } from "../metadata/manifests.ts";
import { findRepository, listRepositoryNames } from "../metadata/repositories.ts";
import { listTags } from "../metadata/tags.ts";
import { checkDigest } from "../names.ts";
import { json } from "./answers.ts";

const referrersPage = 1000;
const catalogPage = 1000;

/** GET /v2/<name>/tags/list?n=&last= */
export function getTags(call: Call): Response {
  const { ctx, url } = call;
  const name = param(call, "name");
  const row = findRepository(ctx.db, name);
  if (!row) throw new RegistryError("NAME_UNKNOWN", "repository name not known to registry", { detail: { name } });
  const { n, last } = parsePage(url.searchParams);
  const found = listTags(ctx.db, row.id, last, n === undefined ? -1 : n + 1);
  const tags = n === undefined ? found : found.slice(0, n);
  const more = found.length > tags.length && tags.length > 0;
  return json({ name, tags }, more ? nextLink(`/v2/${name}/tags/list`, { n: String(n), last: tags.at(-1) ?? "" }) : {});
}

/** GET /v2/_catalog?n=&last=: the repositories that the caller may pull from. */
export function getCatalog({ ctx, url, identity }: Call): Response {
  const page = parsePage(url.searchParams);
  const n = Math.min(page.n ?? catalogPage, catalogPage);
  const repositories: string[] = [];
  let last = page.last;
  while (repositories.length <= n) {
    const names = listRepositoryNames(ctx.db, last, catalogPage);
    repositories.push(...names.filter((name) => ctx.authority.may(identity, name, "pull")));
    const end = names.at(-1);
    if (end === undefined || names.length < catalogPage) break;
    last = end;
  }
  const more = repositories.length > n && n > 0;
  const shown = repositories.slice(0, n);
  return json({ repositories: shown }, more ? nextLink("/v2/_catalog", { n: String(n), last: shown.at(-1) ?? "" }) : {});
}

/** GET /v2/<name>/referrers/<digest>?artifactType=: an index of the manifests that name it as their subject. */
export function getReferrers(call: Call): Response {
  const { ctx, url } = call;
  const name = param(call, "name");
  const digest = checkDigest(param(call, "digest"));
  const wanted = url.searchParams.get("artifactType");
  const rows = listReferrers(ctx.db, name, digest, url.searchParams.get("last") ?? "", referrersPage + 1);
  const shown = rows.slice(0, referrersPage);
  const manifests = shown
    .filter(({ artifact_type }) => wanted === null || artifact_type === wanted)
    .map((row) => {
      const { annotations } = parseManifest(row.content, row.media_type);
      return {
        mediaType: row.media_type,
        digest: row.digest,
        size: row.content.length,
        ...(row.artifact_type ? { artifactType: row.artifact_type } : {}),
        ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      };
    });
  const filter: Record<string, string> = wanted === null ? {} : { artifactType: wanted };
  return json({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }, {
    "Content-Type": mediaTypes.ociIndex,
    ...(wanted === null ? {} : { "OCI-Filters-Applied": "artifactType" }),
    ...(rows.length > shown.length ? nextLink(`/v2/${name}/referrers/${digest}`, { ...filter, last: shown.at(-1)?.digest ?? "" }) : {}),
  });
}
