import type { ImageManifestSummary } from "../../api/types/image.ts";
import type { Descriptor } from "../../oci/image.ts";
import { parseIndex, parseManifest } from "../../oci/parse.ts";
import { fullString, parseReference } from "../../oci/reference.ts";
import type { ImageDeps } from "../deps.ts";
import { configOf, imageById } from "../table.ts";
import { indexMembers, indexOfName } from "./index-table.ts";

/** What the index behind a name (or the index itself) is made of; undefined for an image alone. */
export async function imageManifests(
  deps: ImageDeps,
  names: readonly string[],
): Promise<ImageManifestSummary[] | undefined> {
  const digest = names
    .map((name) => (name.startsWith("sha256:") ? name : indexOfName(deps.store, fullString(parseReference(name)))))
    .find((each) => each !== undefined && deps.blobs.has(each));
  if (digest === undefined) return undefined;
  const members = new Map(
    indexMembers(deps.store, digest)
      .flatMap((id) => imageById(deps.store, id) ?? [])
      .map((row) => [row.manifest_digest, row]),
  );
  return Promise.all(
    parseIndex(await deps.blobs.read(digest)).manifests.map(async (descriptor): Promise<ImageManifestSummary> => {
      const content = await contentSize(deps, descriptor);
      const row = members.get(descriptor.digest);
      const attested = descriptor.annotations?.["vnd.docker.reference.digest"];
      const unpacked = row?.size ?? 0;
      const { platform = { os: "unknown", architecture: "unknown" } } = descriptor;
      return {
        ID: descriptor.digest,
        Descriptor: descriptor,
        Available: content !== undefined && (attested !== undefined || row !== undefined),
        Size: { Content: content ?? 0, Total: (content ?? 0) + unpacked },
        Kind: attested === undefined ? "image" : "attestation",
        ...(attested === undefined
          ? {
              ImageData: {
                Platform: row ? platformOf(configOf(row)) : platform,
                Containers: row ? deps.imageUsers.madeOf(row.id) : [],
                Size: { Unpacked: unpacked },
              },
            }
          : { AttestationData: { For: attested } }),
      };
    }),
  );
}

function platformOf({ os, architecture, variant }: { os: string; architecture: string; variant?: string }) {
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

/** Bytes of a manifest and what it names; undefined where the manifest is not here. */
async function contentSize(deps: ImageDeps, descriptor: Descriptor): Promise<number | undefined> {
  if (!deps.blobs.has(descriptor.digest)) return undefined;
  const { config, layers } = parseManifest(await deps.blobs.read(descriptor.digest));
  return (
    descriptor.size + [config, ...layers].reduce((sum, each) => sum + (deps.blobs.has(each.digest) ? each.size : 0), 0)
  );
}
