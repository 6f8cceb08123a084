import { type BuildOutcome, exportImages } from "../../../builder/export/export.ts";
import { packResults } from "../../../builder/export/pack-results.ts";
import type { ImageRecord } from "../../../image/record.ts";
import { publishImageEvent, putImageDigest } from "../../../image/tag.ts";
import { formatPlatform, hostPlatform } from "../../../oci/platform.ts";
import { familiarString, fullString, parseReference, type Reference, withDefaultTag } from "../../../oci/reference.ts";
import type { ExporterResponse } from "../jobs.ts";
import type { Step } from "../progress.ts";
import { flag, type ImageAttributes, imageAttributes } from "./attributes.ts";
import { asStep, type Exporter, type Exporting, wantsIndex } from "./exporter.ts";
import { type PushAttributes, pushAttributes, pushPacked } from "./push.ts";
import { encoded, tellPacked } from "./told.ts";

interface Wanted extends ImageAttributes {
  push: PushAttributes | undefined;
  /** It is to be among this engine's images. */
  store: boolean;
  /** It is to be found by each name with its digest too. */
  canonical: boolean;
  /** One without a name is found by this with its digest. */
  dangling: Reference | undefined;
}

/** `image`, and `moby` as dockerd calls it: images of this engine, and of registries. */
export const exportImage: Exporter = (attributes) => {
  const common = imageAttributes(attributes);
  const prefix = attributes.get("dangling-name-prefix");
  // All images of this engine are unpacked: it is read to refuse what is neither true nor false.
  flag(attributes, "unpack", true);
  const wanted: Wanted = {
    ...common,
    push: pushAttributes(attributes, common.names),
    store: flag(attributes, "store", true),
    canonical: flag(attributes, "name-canonical"),
    dangling: prefix && common.names.length === 0 ? parseReference(prefix) : undefined,
  };
  return (exporting) => asStep(exporting, "exporting to image", (step) => make(exporting, step, wanted));
};

async function make(exporting: Exporting, step: Step, wanted: Wanted): Promise<ExporterResponse> {
  const { deps, solved } = exporting;
  const { names, push, canonical, dangling } = wanted;
  const tags = push?.byDigest ? [] : names.map(withDefaultTag);
  step.status("exporting layers");
  const { shown, packed } = await makeImages(exporting, wanted, tags);
  const id = shown?.id ?? packed?.manifests[0]?.blobs[0]?.digest ?? "";
  if (packed) tellPacked(step, packed);
  else {
    step.status("exporting layers", { done: true });
    step.status(`writing image ${id}`, { done: true });
  }
  for (const ref of shown ? tags : []) step.status(`naming to ${fullString(ref)}`, { done: true });
  if (packed && push) await pushPacked(exporting, step, packed, names, push);
  if (packed && shown) {
    for (const ref of [...(canonical || push ? names : []), ...(dangling ? [dangling] : [])])
      putImageDigest(deps.images, shown.id, ref, packed.top.digest);
    for (const ref of push ? names : []) publishImageEvent(deps.images, "push", shown.id, familiarString(ref));
  }
  return new Map([
    // In a registry it has no other name; here it is what inspect says of it, by which Compose knows its images.
    ["containerimage.digest", packed && (push || !shown) ? packed.top.digest : id],
    ...(solved.results.length === 1 || shown ? [["containerimage.config.digest", id] as const] : []),
    ...(packed ? [["containerimage.descriptor", encoded(packed.top)] as const] : []),
    ...(names.length > 0 ? [["image.name", (push?.byDigest ? names : tags).map(fullString).join(",")] as const] : []),
  ]);
}

/** `shown`: of what is among this engine's images now, what inspect shows. */
async function makeImages(
  exporting: Exporting,
  { push, store, canonical, dangling, annotations, ...wanted }: Wanted,
  tags: readonly Reference[],
): Promise<Pick<BuildOutcome, "packed"> & { shown?: ImageRecord }> {
  const { deps, solved } = exporting;
  const form = { ...wanted.form, index: wantsIndex(exporting) };
  const describe = push !== undefined || canonical || dangling !== undefined;
  const request = { ...solved.request, tags: tags.map(fullString), annotations, describe };
  if (!store) return { packed: await packResults(deps.build, request, solved, form) };
  const { results, used, materials, startedAt, lease, signal } = solved;
  const facts = { materials, startedAt };
  const { images, packed } = await exportImages(
    deps.build,
    request,
    results,
    [...used.values()],
    facts,
    lease,
    signal,
    form,
  );
  const host = formatPlatform(hostPlatform());
  const shown = images.find(({ platform }) => formatPlatform(platform) === host) ?? images[0];
  return { ...(packed && { packed }), ...(shown && { shown }) };
}
