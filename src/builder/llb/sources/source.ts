import type { SourceOp } from "../../../api/buildkit/llb.ts";
import { Attributes } from "../attributes.ts";
import { BadDefinition, type Vertex } from "../graph.ts";
import type { LlbWork, Output, Told } from "../work.ts";
import { gitSource } from "./git.ts";
import { heldScheme } from "./held.ts";
import { httpSource } from "./http.ts";
import { imageSource } from "./image.ts";
import { layoutSource } from "./layout.ts";
import { localSource } from "./local.ts";

/** Brings what a source operation names. */
export async function source(work: LlbWork, vertex: Vertex, op: SourceOp, told: Told): Promise<Output> {
  const { identifier, attrs } = op;
  const [, scheme = "", rest = ""] = /^([a-z-]+):\/\/(.*)$/s.exec(identifier) ?? [];
  const request = { vertex, identifier, rest, attributes: new Attributes(identifier, attrs) };
  switch (scheme) {
    case "docker-image":
      return at(told, () => imageSource(work, request, told));
    case "local":
      return localSource(work, request, told);
    case "oci-layout":
      return at(told, () => layoutSource(work, request));
    case "git":
      return at(told, () => gitSource(work, request, told));
    case "http":
    case "https":
      return at(told, () => httpSource(work, request));
    case heldScheme:
      return { layers: await work.held(rest) };
    default:
      throw new BadDefinition(`unknown source ${JSON.stringify(identifier.slice(0, 200))}`);
  }
}

async function at(told: Told, work: () => Promise<Output>): Promise<Output> {
  told.start();
  const output = await work();
  told.done();
  return output;
}
