import { RegistryError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import { matchesEtag } from "../http/range.ts";
import { type Call, param } from "../http/route.ts";
import { platformText, readImageConfig } from "../manifest/config.ts";
import { parseManifest } from "../manifest/parse.ts";
import { linkedBlobSize } from "../metadata/blobs.ts";
import { deleteManifest } from "../metadata/delete-manifest.ts";
import { findManifest, keepManifest, type ManifestRow, storeManifest } from "../metadata/manifests.ts";
import { deleteTag } from "../metadata/tags.ts";
import { mirrorManifest } from "../mirror/manifests.ts";
import {
  algorithmOf,
  checkDigest,
  checkTag,
  digestOf,
  isTag,
  parseReference,
  type Reference,
  shorten,
} from "../names.ts";
import { recordPull } from "../pulls.ts";
import { checkQuota } from "../quota.ts";
import { empty } from "./answers.ts";

/** With one push by digest (`?tag=…&tag=…`). */
const mostTags = 100;

const descriptionKey = "org.opencontainers.image.description";
const longestDescription = 200;

const unknown = (reference: Reference) =>
  new RegistryError("MANIFEST_UNKNOWN", "manifest unknown", { detail: reference });

/** GET and HEAD, by tag or digest. */
export async function getManifest(call: Call): Promise<Response> {
  const { deps } = call;
  const name = param(call, "name");
  const text = param(call, "reference");
  // What cannot be a tag is not there; the protocol has no 400 for asking.
  if (!text.includes(":") && !isTag(text)) throw unknown({ tag: shorten(text) });
  const reference = parseReference(text);
  const upstream = deps.mirrors.of(name);
  const row = upstream ? await mirrorManifest(deps, upstream, name, reference) : findManifest(deps.db, name, reference);
  if (!row) throw unknown(reference);
  if (call.request.method === "HEAD") keepManifest(deps.db, row, deps.now());
  else recordPull(deps, row);
  return manifestAnswer(call.request, row);
}

function manifestAnswer(request: Request, row: ManifestRow): Response {
  const headers = {
    "Content-Type": row.media_type,
    "Docker-Content-Digest": row.digest,
    ETag: `"${row.digest}"`,
    "X-Content-Type-Options": "nosniff",
  };
  if (matchesEtag(request.headers.get("if-none-match"), row.digest)) return empty(304, headers);
  return new Response(request.method === "HEAD" ? null : row.content, {
    headers: { ...headers, "Content-Length": String(row.content.length) },
  });
}

/** PUT: stored as it came, byte for byte, once everything it names is here. */
export async function putManifest(call: Call): Promise<Response> {
  const { deps, request } = call;
  const name = param(call, "name");
  const reference = parseReference(param(call, "reference"));
  const limit = deps.options.maxManifestBytes;
  const content = await readBody(
    request,
    limit,
    () => new RegistryError("MANIFEST_INVALID", `a manifest may have at most ${limit} bytes`, { status: 413 }),
  );
  const announced = request.headers.get("content-length");
  if (announced !== null && Number(announced) !== content.length)
    throw new RegistryError("SIZE_INVALID", `${announced} bytes were announced, but ${content.length} came`);
  // A tag pushed together with its digest (`?digest=`) fixes the algorithm; so does a push by digest.
  const wanted = "digest" in reference ? reference.digest : call.url.searchParams.get("digest");
  const digest = digestOf(content, wanted === null ? "sha256" : algorithmOf(checkDigest(wanted)));
  if (wanted !== null && wanted !== digest) {
    throw new RegistryError("DIGEST_INVALID", `the manifest's digest is ${digest}, not ${wanted}`, {
      detail: { expected: wanted, actual: digest },
    });
  }
  const parsed = parseManifest(content, request.headers.get("content-type") ?? "");
  const tags = "tag" in reference ? [reference.tag] : call.url.searchParams.getAll("tag").map(checkTag);
  if (tags.length > mostTags) throw new RegistryError("TAG_INVALID", `at most ${mostTags} tags can be pushed at once`);
  checkQuota(deps, name, content.length);
  const known = parsed.config !== undefined && linkedBlobSize(deps.db, name, parsed.config) !== undefined;
  const config = known && parsed.config ? await readImageConfig(deps.storage, parsed.config) : undefined;
  const description = parsed.annotations[descriptionKey] ?? config?.config?.Labels?.[descriptionKey];
  storeManifest(deps.db, {
    repository: name,
    digest,
    content,
    parsed,
    user: call.identity.user,
    now: deps.now(),
    tags,
    ...(typeof description === "string" && { description: description.slice(0, longestDescription) }),
    ...(config && { platform: platformText(config) ?? "" }),
  });
  return empty(201, {
    Location: `/v2/${name}/manifests/${digest}`,
    "Docker-Content-Digest": digest,
    ...(parsed.subject && { "OCI-Subject": parsed.subject }),
    ...("digest" in reference && tags.length > 0 && { "OCI-Tag": tags.join(", ") }),
  });
}

/** DELETE: a tag alone, or a manifest by its digest together with its tags. */
export function deleteManifestRoute(call: Call): Response {
  const { deps } = call;
  const name = param(call, "name");
  const reference = parseReference(param(call, "reference"));
  const done =
    "tag" in reference
      ? deleteTag(deps.db, name, reference.tag, deps.now())
      : deleteManifest(deps.db, name, reference.digest, deps.now());
  if (!done) throw unknown(reference);
  return empty(202);
}
