import { layoutArchive, packedBlobs } from "../../../builder/export/layout-archive.ts";
import { packResults } from "../../../builder/export/pack-results.ts";
import { type ClientBlobs, sendToClient } from "../../../builder/session/client-blobs.ts";
import { epochTime } from "../../../builder/steps/clamp-times.ts";
import { invalid } from "../../../lib/errors.ts";
import type { Descriptor } from "../../../oci/image.ts";
import { fullString, withDefaultTag } from "../../../oci/reference.ts";
import { flag, imageAttributes } from "./attributes.ts";
import { asStep, type Exporter, type Exporting, wantsIndex } from "./exporter.ts";
import { callClient, sendArchive } from "./to-client.ts";
import { encoded, tellPacked } from "./told.ts";

/** `oci` and `docker`: the client gets images as an archive, a layout of OCI's; Docker's is one of its own kind too. */
export function layoutExporter(kind: "oci" | "docker"): Exporter {
  return (attributes) => {
    const { names, form, annotations } = imageAttributes(attributes);
    const tags = names.map(withDefaultTag);
    const tar = flag(attributes, "tar", true);
    return (exporting) =>
      asStep(exporting, `exporting to ${kind} image format`, async (step) => {
        const { deps, solved } = exporting;
        if (kind === "docker" && (solved.results.length > 1 || wantsIndex(exporting)))
          throw invalid("docker exporter does not currently support exporting manifest lists");
        step.status("exporting layers");
        const request = { ...solved.request, tags: tags.map(fullString), annotations };
        const made = await packResults(deps.build, request, solved, { ...form, index: wantsIndex(exporting) });
        tellPacked(step, made);
        const top = created(made.top, solved.request.sourceDateEpoch);
        if (tar)
          await sendArchive(await callClient(exporting), step, layoutArchive(deps.build, { ...made, top }, tags, kind));
        else await sendToClient(deps.images, folderOf(exporting), packedBlobs(made));
        const config = made.manifests.length === 1 ? made.manifests[0]?.blobs[0] : undefined;
        return new Map([
          ["containerimage.digest", top.digest],
          ["containerimage.descriptor", encoded(top)],
          ...(config ? [["containerimage.config.digest", config.digest] as const] : []),
          ...(tags.length > 0 ? [["image.name", request.tags.join(",")] as const] : []),
        ]);
      });
  };
}

/** Where the client takes the blobs of a layout, whose list it writes itself. */
function folderOf({ solved }: Pick<Exporting, "solved">): ClientBlobs {
  const blobs = solved.request.session.blobs({ kind: "export" });
  if (!blobs) throw invalid("the client takes no images in a folder (tar=false)");
  return blobs;
}

/** With the time of its making, as BuildKit notes it. */
function created(top: Descriptor, epoch = Math.floor(Date.now() / 1000)): Descriptor {
  return { ...top, annotations: { "org.opencontainers.image.created": epochTime(epoch), ...top.annotations } };
}
