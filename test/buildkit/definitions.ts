import {
  type Definition,
  type ExecOp,
  type FileOp,
  type Mount,
  Op,
  type OpMetadata,
} from "../../src/api/buildkit/llb.ts";
import { encode, type Input } from "../../src/lib/protobuf.ts";
import { digestOf } from "../../src/oci/digest.ts";

/** Something that an operation gives, with all that leads to it: what BuildKit's library calls a state. */
export interface State {
  digest: string;
  index: number;
  operations: ReadonlyMap<string, Uint8Array>;
}

/** An operation upon others; `index`: which of its outputs is meant. */
export function operation(op: Input<typeof Op>, inputs: readonly State[] = [], index = 0): State {
  const bytes = encode(Op, { ...op, inputs: inputs.map(({ digest, index: at }) => ({ digest, index: at })) });
  const digest = digestOf(bytes);
  const before = inputs.flatMap(({ operations }) => [...operations]);
  return { digest, index, operations: new Map([...before, [digest, bytes]]) };
}

export const source = (identifier: string, attrs: Record<string, string> = {}): State =>
  operation({ source: { identifier, attrs: new Map(Object.entries(attrs)) } });

export const busybox = source("docker-image://docker.io/library/busybox:latest");

/** A shell's command upon a root filesystem. Further mounts name states, and may be outputs of the command. */
export function shell(
  root: State,
  script: string,
  {
    mounts = [],
    output = 0,
    meta = {},
    ...op
  }: {
    mounts?: (Omit<Input<typeof Mount>, "input"> & { from?: State })[];
    output?: number;
    /** More of the process. */
    meta?: Omit<NonNullable<Input<typeof ExecOp>["meta"]>, "args">;
  } & Omit<Input<typeof ExecOp>, "mounts" | "meta"> = {},
): State {
  const inputs = [root];
  const rest = mounts.map(({ from, ...mount }) => {
    const input = from ? inputs.push(from) - 1 : -1;
    return { output: -1, ...mount, input };
  });
  return operation(
    {
      exec: {
        meta: { args: ["/bin/sh", "-c", script], cwd: "/", ...meta },
        mounts: [{ dest: "/", input: 0, output: 0 }, ...rest],
        ...op,
      },
    },
    inputs,
    output,
  );
}

type Actions = Input<typeof FileOp>["actions"];

/** Changes of files, one after another, upon `base` (undefined: nothing); copies take from `from`. */
export function files(base: State | undefined, actions: NonNullable<Actions>, from?: State): State {
  const inputs = [...(base ? [base] : []), ...(from ? [from] : [])];
  const at = base ? 0 : -1;
  return operation(
    {
      file: {
        actions: [...actions].map((action, number) => ({
          secondaryInput: from ? inputs.length - 1 : -1,
          ...action,
          input: number === 0 ? at : inputs.length + number - 1,
          output: number === [...actions].length - 1 ? 0 : -1,
        })),
      },
    },
    inputs,
  );
}

/** A file as an action makes it. */
export const made = (path: string, text: string, mode = 0o644) => ({
  makeFile: { path, mode, data: Buffer.from(text), timestamp: -1n },
});

/** What a copy is unless it says otherwise. */
export const copied = (src: string, dest: string, more: Record<string, unknown> = {}) => ({
  copy: { src, dest, mode: -1, timestamp: -1n, createDestPath: true, ...more },
});

export const merged = (...states: State[]): State =>
  operation({ merge: { inputs: states.map((_, input) => ({ input })) } }, states);

export const difference = (lower: State, upper: State): State =>
  operation({ diff: { lower: { input: 0 }, upper: { input: 1 } } }, [lower, upper]);

/** As a request has it. `metadata`: of operations by their digests. */
export function definition(
  state: State,
  metadata: Record<string, Input<typeof OpMetadata>> = {},
): Input<typeof Definition> {
  const last = encode(Op, { inputs: [{ digest: state.digest, index: state.index }] });
  return { operations: [...state.operations.values(), last], metadata: new Map(Object.entries(metadata)) };
}
