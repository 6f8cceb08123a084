import type { ImageManifestSummary } from "../api/types/image.ts";
import type { Descriptor } from "../oci/image.ts";
import { parseIndex, parseManifest } from "../oci/parse.ts";
import { fullString, parseReference } from "../oci/reference.ts";
import type { ImageContext } from "./context.ts";
import { indexMembers, indexOfName } from "./index-table.ts";
import { imageById, configOf } from "./table.ts";

/** What the index behind a name (or the index itself) is made of; undefined for an image alone. */
export async function imageManifests(ctx: ImageContext, names: readonly string[]): Promise<ImageManifestSummary[] | undefined> {
  const digest = names.map((name) => (name.startsWith("sha256:") ? name : indexOfName(ctx.store, fullString(parseReference(name))))).find((each) => each !== undefined && ctx.blobs.has(each));
  if (digest === undefined) return undefined;
  const members = new Map(indexMembers(ctx.store, digest).flatMap((id) => imageById(ctx.store, id) ?? []).map((row) => [row.manifest_digest, row]));
  return Promise.all(parseIndex(await ctx.blobs.read(digest)).manifests.map(async (descriptor): Promise<ImageManifestSummary> => {
    const content = await contentSize(ctx, descriptor);
    const row = members.get(descriptor.digest);
    const attested = descriptor.annotations?.["vnd.docker.reference.digest"];
    const unpacked = row?.size ?? 0;
    const { platform = { os: "unknown", architecture: "unknown" } } = descriptor;
    return {
      ID: descriptor.digest, Descriptor: descriptor, Available: content !== undefined && (attested !== undefined || row !== undefined),
      Size: { Content: content ?? 0, Total: (content ?? 0) + unpacked }, Kind: attested === undefined ? "image" : "attestation",
      ...(attested === undefined
        ? { ImageData: { Platform: row ? platformOf(configOf(row)) : platform, Containers: row ? containersOf(ctx, row.id) : [], Size: { Unpacked: unpacked } } }
        : { AttestationData: { For: attested } }),
    };
  }));
}

function platformOf({ os, architecture, variant }: { os: string; architecture: string; variant?: string }) {
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

function containersOf(ctx: ImageContext, imageId: string): string[] {
  return ctx.store.query<{ id: string }, [string]>("SELECT id FROM container WHERE image_id = ? ORDER BY created").all(imageId).map(({ id }) => id);
}

/** Bytes of a manifest and what it names; undefined where the manifest is not here. */
async function contentSize(ctx: ImageContext, descriptor: Descriptor): Promise<number | undefined> {
  if (!ctx.blobs.has(descriptor.digest)) return undefined;
  const { config, layers } = parseManifest(await ctx.blobs.read(descriptor.digest));
  return descriptor.size + [config, ...layers].reduce((sum, each) => sum + (ctx.blobs.has(each.digest) ? each.size : 0), 0);
}
