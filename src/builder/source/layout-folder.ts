import { invalid, notFound } from "../../lib/errors.ts";
import type { Descriptor } from "../../oci/image.ts";
import { parseIndex } from "../../oci/parse.ts";
import type { ClientBlobs } from "../session/client-blobs.ts";
import type { SourceTree } from "./tree.ts";

/** An OCI layout among files that the client has sent. */

const maxIndexBytes = 4 * 1024 * 1024;

/** What its list names. Throws not-found and `invalid`. */
export async function layoutManifests(tree: SourceTree): Promise<readonly Descriptor[]> {
  const file = tree.entry("index.json");
  if (file?.type !== "file") throw notFound("could not read index.json: no such file or directory");
  if (file.size > maxIndexBytes) throw invalid("index.json is too large");
  const parts: Uint8Array[] = [];
  for await (const part of tree.read("index.json")) parts.push(part);
  return parseIndex(Buffer.concat(parts)).manifests;
}

/** Its blobs. */
export function layoutBlobs(tree: SourceTree): Pick<ClientBlobs, "read"> {
  return {
    read: (digest) => {
      if (tree.entry(blobPath(digest))?.type !== "file")
        throw notFound(`could not read ${blobPath(digest)}: no such file or directory`);
      return tree.read(blobPath(digest));
    },
  };
}

/** Where a digest's blob is in an OCI layout: `blobs/sha256/…`. */
export const blobPath = (digest: string) => `blobs/${digest.replace(":", "/")}`;
