import { newId } from "../../lib/ids.ts";
import type { ImageRecord } from "../../image/record.ts";
import type { Lease } from "../../image/lease.ts";
import type { Descriptor } from "../../oci/image.ts";
import type { BuildContext } from "../context.ts";
import type { BuildRequest } from "../request.ts";
import { withView } from "../view.ts";
import { attach } from "./attach.ts";
import { imageUri, provenance, provenanceType, type Materials } from "./provenance.ts";
import { sbom, sbomType } from "./sbom.ts";
import { statement, type Statement } from "./statement.ts";

/** What only the build itself knows of how an image was made. */
export interface BuildFacts {
  materials: Materials;
  startedAt: Date;
}

/** Makes the attestations that a build was asked for on one of its images; undefined where none. */
export async function attest(ctx: BuildContext, request: BuildRequest, image: ImageRecord, manifest: Descriptor, facts: BuildFacts, lease: Lease): Promise<{ descriptor: Descriptor; blobs: string[] } | undefined> {
  const { attests, tags } = request;
  const name = imageUri(tags[0] ?? "image", image.platform);
  const subject = { name, digest: manifest.digest };
  const finishedAt = new Date();
  const statements: Statement[] = [];
  if (attests.sbom) {
    const created = request.sourceDateEpoch === undefined ? finishedAt : new Date(request.sourceDateEpoch * 1000);
    const predicate = await withView(ctx, image.chainIds, (tree) => sbom(tree, name, created.toISOString().replace(/\.\d+Z$/, "Z")));
    statements.push(statement(subject, sbomType, predicate));
  }
  if (attests.provenance) {
    const { materials, startedAt } = facts;
    statements.push(statement(subject, provenanceType, provenance({ request, platform: image.platform, materials, invocation: newId(), startedAt, finishedAt, mode: attests.provenance })));
  }
  return statements.length === 0 ? undefined : attach(ctx, manifest, statements, lease);
}
