import type { Packed } from "../../../builder/export/pack.ts";
import type { Descriptor } from "../../../oci/image.ts";
import type { Step } from "../progress.ts";

/** Tells of what was packed, in BuildKit's order. */
export function tellPacked(step: Step, { manifests, attestations, indexed, top }: Packed): void {
  step.status("exporting layers", { done: true });
  for (const [index, { descriptor, blobs }] of manifests.entries()) {
    step.status(`exporting manifest ${descriptor.digest}`, { done: true });
    step.status(`exporting config ${blobs[0]?.digest}`, { done: true });
    const attestation = attestations[index];
    if (attestation) step.status(`exporting attestation manifest ${attestation.descriptor.digest}`, { done: true });
  }
  if (indexed) step.status(`exporting manifest list ${top.digest}`, { done: true });
}

/** A descriptor as responses have it. */
export const encoded = (descriptor: Descriptor): string => Buffer.from(JSON.stringify(descriptor)).toString("base64");
