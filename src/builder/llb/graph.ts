import { type Definition, Op, type OpMetadata } from "../../api/buildkit/llb.ts";
import { EngineError, errorMessage } from "../../lib/errors.ts";
import { decode } from "../../lib/protobuf.ts";
import { digestOf } from "../../oci/digest.ts";
import { definitionCaps } from "./capabilities.ts";
import { nameOf } from "./vertex-name.ts";

/** More operations than any build has: a hostile definition. */
const mostOperations = 50_000;
/** Inputs of all operations together. */
const mostInputs = 500_000;

/** A definition that cannot be meant. */
export class BadDefinition extends EngineError {
  constructor(message: string, cause?: unknown) {
    super("invalid", message, { cause });
  }
}

/** One operation of a definition, with those that it stands upon. */
export interface Vertex {
  /** Of the operation's bytes: equal operations upon equal inputs are one. */
  digest: string;
  op: Op;
  metadata: OpMetadata | undefined;
  inputs: readonly Edge[];
  /** How it is shown. */
  name: string;
}

/** One of the things that an operation gives. */
export interface Edge {
  vertex: Vertex;
  index: number;
}

/** A definition that was read: its operations, each after those that it needs, and what of them is wanted. */
export interface Graph {
  vertices: readonly Vertex[];
  target: Edge;
}

/**
 * Reads a definition: which operations the wanted one needs, and in which order. Undefined: it asks for nothing at
 * all. Throws {@link BadDefinition}. An operation has the digests of its inputs in it, so there are no circles.
 */
export function* readGraph({ operations, metadata }: Definition): Generator<void, Graph | undefined> {
  if (operations.length > mostOperations)
    throw new BadDefinition(`invalid definition: more than ${mostOperations} operations`);
  const ops = new Map<string, Op>();
  let last: Op | undefined;
  let inputs = 0;
  for (const bytes of operations) {
    yield;
    last = readOp(bytes, ops.size);
    inputs += last.inputs.length;
    if (inputs > mostInputs) throw new BadDefinition(`invalid definition: more than ${mostInputs} inputs`);
    ops.set(digestOf(bytes), last);
  }
  if (!last) return undefined;
  const [wanted, second] = last.inputs;
  if (!wanted || second || kindsOf(last).length > 0)
    throw new BadDefinition("invalid definition: its last operation is not the one that names the result");
  const vertices = yield* inOrder(wanted.digest, ops, metadata);
  const vertex = vertices.get(wanted.digest);
  if (!vertex) throw new BadDefinition(`invalid definition: missing operation ${wanted.digest}`);
  checkIndex(wanted.index);
  return { vertices: [...vertices.values()], target: { vertex, index: wanted.index } };
}

/** The kinds of an operation: one, unless something is wrong with it. */
export function kindsOf({ exec, source, file, build, merge, diff, passthrough }: Op): string[] {
  const kinds = { exec, source, file, build, merge, diff, passthrough };
  return Object.entries(kinds).flatMap(([kind, value]) => (value === undefined ? [] : [kind]));
}

function readOp(bytes: Uint8Array, number: number): Op {
  try {
    return decode(Op, bytes);
  } catch (cause) {
    throw new BadDefinition(`invalid definition: operation ${number} cannot be read: ${errorMessage(cause)}`, cause);
  }
}

/** What leads to an operation and itself, each after its inputs. Without recursion: chains may be long. */
function* inOrder(
  wanted: string,
  ops: ReadonlyMap<string, Op>,
  metadata: ReadonlyMap<string, OpMetadata>,
): Generator<void, Map<string, Vertex>> {
  const done = new Map<string, Vertex>();
  const begun = new Set<string>();
  const pending = [wanted];
  for (let digest = pending.at(-1); digest !== undefined; digest = pending.at(-1)) {
    yield;
    const op = ops.get(digest);
    if (!op) throw new BadDefinition(`invalid definition: missing operation ${digest || "without a digest"}`);
    if (!begun.has(digest)) {
      begun.add(digest);
      for (const input of op.inputs) if (!done.has(input.digest)) pending.push(input.digest);
      continue;
    }
    pending.pop();
    if (done.has(digest)) continue;
    const inputs = op.inputs.map((input) => {
      const vertex = done.get(input.digest);
      if (!vertex) throw new BadDefinition(`invalid definition: operation ${digest} needs itself`);
      checkIndex(input.index);
      return { vertex, index: input.index };
    });
    if (kindsOf(op).length !== 1)
      throw new BadDefinition(`invalid definition: operation ${digest} is of a kind that is not known`);
    const own = metadata.get(digest);
    for (const [cap, wanted] of own?.caps ?? [])
      if (wanted && !definitionCaps.has(cap))
        throw new BadDefinition(`requested feature ${JSON.stringify(cap)} is not supported by this engine`);
    done.set(digest, { digest, op, metadata: own, inputs, name: nameOf(op, inputs, own) });
  }
  return done;
}

function checkIndex(index: number): void {
  if (!Number.isInteger(index) || index < 0) throw new BadDefinition(`invalid definition: there is no output ${index}`);
}
