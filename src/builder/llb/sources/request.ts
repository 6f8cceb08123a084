import type { Attributes } from "../attributes.ts";
import type { Vertex } from "../graph.ts";

/** A source operation as its kind sees it. */
export interface SourceRequest {
  vertex: Vertex;
  identifier: string;
  /** What follows the scheme. */
  rest: string;
  attributes: Attributes;
}
