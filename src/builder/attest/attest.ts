import type { Lease } from "../../image/collect/lease.ts";
import type { ImageParts } from "../../image/index/make-manifest.ts";
import { newId } from "../../lib/ids.ts";
import type { Descriptor } from "../../oci/image.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildRequest } from "../request.ts";
import { withView } from "../steps/view.ts";
import { type Attachment, attach } from "./attach.ts";
import { imageUri, type Materials, provenance, provenanceType } from "./provenance.ts";
import { sbom, sbomType } from "./sbom.ts";
import { type Statement, statement } from "./statement.ts";

/** What only the build itself knows of how an image was made. */
export interface BuildFacts {
  materials: Materials;
  startedAt: Date;
}

/** Makes the attestations that a build was asked for on one of its images; undefined where none. */
export async function attest(
  deps: BuilderDeps,
  request: BuildRequest,
  image: ImageParts,
  manifest: Descriptor,
  facts: BuildFacts,
  lease: Lease,
): Promise<Attachment | undefined> {
  const { attests, tags } = request;
  const name = imageUri(tags[0] ?? "image", image.platform);
  const subject = { name, digest: manifest.digest };
  const finishedAt = new Date();
  const statements: Statement[] = [];
  if (attests.sbom) {
    const created = request.sourceDateEpoch === undefined ? finishedAt : new Date(request.sourceDateEpoch * 1000);
    const predicate = await withView(deps, image.chainIds, (tree) =>
      sbom(tree, name, created.toISOString().replace(/\.\d+Z$/, "Z")),
    );
    statements.push(statement(subject, sbomType, predicate));
  }
  if (attests.provenance) {
    const { materials, startedAt } = facts;
    statements.push(
      statement(
        subject,
        provenanceType,
        provenance({
          request,
          platform: image.platform,
          materials,
          invocation: newId(),
          startedAt,
          finishedAt,
          mode: attests.provenance,
        }),
      ),
    );
  }
  return statements.length === 0 ? undefined : attach(deps, manifest, statements, lease);
}
