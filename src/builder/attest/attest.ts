import type { Lease } from "../../image/collect/lease.ts";
import type { ImageParts } from "../../image/index/make-manifest.ts";
import { newId } from "../../lib/ids.ts";
import { rfc3339Seconds } from "../../lib/rfc3339.ts";
import type { Descriptor } from "../../oci/image.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildRequest } from "../request.ts";
import { withView } from "../steps/view.ts";
import { type Attachment, attach } from "./attach.ts";
import { imageUri, type Materials, provenance, provenanceTypes } from "./provenance.ts";
import { sbom, sbomType } from "./sbom.ts";
import { type Statement, type Subject, statement } from "./statement.ts";

/** What only the build itself knows of how an image was made. */
export interface BuildFacts {
  materials: Materials;
  startedAt: Date;
}

/** Makes the attestations that a build was asked for on one of its images, beside it; undefined where none. */
export async function attest(
  deps: BuilderDeps,
  request: BuildRequest,
  image: ImageParts,
  manifest: Descriptor,
  facts: BuildFacts,
  lease: Lease,
): Promise<Attachment | undefined> {
  const name = imageUri(request.tags[0] ?? "image", image.platform);
  const statements = await statementsOn(deps, request, image, [{ name, digest: manifest.digest }], facts);
  return statements.length === 0
    ? undefined
    : attach(
        deps,
        manifest,
        statements.map((each) => each.statement),
        lease,
      );
}

/** The statements that a build was asked for on one of its results. `file`: their names where they are files. */
export async function statementsOn(
  deps: BuilderDeps,
  request: BuildRequest,
  { chainIds, platform }: Pick<ImageParts, "chainIds" | "platform">,
  subjects: readonly Subject[],
  { materials, startedAt }: BuildFacts,
): Promise<{ file: string; statement: Statement }[]> {
  const { attests, tags } = request;
  const finishedAt = new Date();
  const statements: { file: string; statement: Statement }[] = [];
  if (attests.sbom) {
    const created = request.sourceDateEpoch === undefined ? finishedAt : new Date(request.sourceDateEpoch * 1000);
    const predicate = await withView(deps, chainIds, (tree) =>
      sbom(tree, imageUri(tags[0] ?? "image", platform), rfc3339Seconds(created)),
    );
    statements.push({ file: "sbom.spdx.json", statement: statement(subjects, sbomType, predicate) });
  }
  if (attests.provenance) {
    const { mode, version } = attests.provenance;
    const predicate = provenance({
      request,
      platform,
      materials,
      invocation: newId(),
      startedAt,
      finishedAt,
      mode,
      version,
    });
    statements.push({
      file: "provenance.json",
      statement: statement(subjects, provenanceTypes[version], predicate),
    });
  }
  return statements;
}
