import type { ApiCap } from "../../api/buildkit/worker.ts";
import { definitionCaps } from "../../builder/llb/capabilities.ts";
import type { Input } from "../../lib/protobuf.ts";

/** What a frontend may ask of the gateway. */
export const frontendCaps = enabled([
  "solve.base",
  "return",
  "returnmap",
  "proto.refarray",
  "reference.output",
  "frontend.inputs",
  "frontend.caps",
  "gateway.evaluate",
  "gateway.solve.evaluate",
  "gateway.exec",
  "gateway.exec.extrahosts",
  "gateway.exec.secretenv",
  "gateway.exec.signals",
  "gateway.exec.filesystem",
  "readfile",
  "readdir",
  "statfile",
  "importcaches",
  "resolveimage",
  "resolveimage.resolvemode",
  "source.metaresolver",
]);

/** What definitions and exporters can hold. */
export const llbCaps = enabled([
  "exporter.image.attestations",
  "exporter.multiple",
  "gc.freespacefilter",
  ...definitionCaps,
]);

function enabled(ids: readonly string[]): Input<typeof ApiCap>[] {
  return ids.map((id) => ({ id, enabled: true }));
}
