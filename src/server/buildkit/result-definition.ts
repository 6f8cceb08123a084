import type { Definition } from "../../api/buildkit/llb.ts";
import { Op } from "../../api/buildkit/llb.ts";
import { heldScheme } from "../../builder/llb/sources/held.ts";
import { decode, encode, type Input } from "../../lib/protobuf.ts";
import { digestOf } from "../../oci/digest.ts";

const scheme = `${heldScheme}://`;

/**
 * A definition that stands for a result of this engine: clients hand it on, whole, to a build that takes this one's
 * result, where {@link resultIn} finds it again.
 */
export function definitionOf(result: string): Input<typeof Definition> {
  const source = encode(Op, { source: { identifier: `${scheme}${result}` } });
  const last = encode(Op, { inputs: [{ digest: digestOf(source) }] });
  return {
    operations: [source, last],
    metadata: new Map([source, last].map((operation) => [digestOf(operation), {}])),
  };
}

/** The id of the result that a definition stands for and nothing else; undefined: there is more to it. */
export function resultIn({ operations: [operation, , ...further] }: Definition): string | undefined {
  if (operation === undefined || further.length > 0) return undefined;
  const { source } = decode(Op, operation);
  return source?.identifier.startsWith(scheme) ? source.identifier.slice(scheme.length) : undefined;
}
