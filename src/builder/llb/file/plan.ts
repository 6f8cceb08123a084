import type { FileAction, FileOp } from "../../../api/buildkit/llb.ts";
import { BadDefinition } from "../graph.ts";

/** What an action begins with, or takes from: an input of the operation, what another action left, or nothing. */
export type Origin = { kind: "input"; index: number } | { kind: "action"; index: number } | { kind: "scratch" };

/** Actions one after another that are done as one, upon what was there. */
export interface Run {
  base: Origin;
  actions: readonly FileAction[];
}

/** A file operation, checked. */
export interface FilePlan {
  /** Of each output the action that it is left by. */
  outputs: ReadonlyMap<number, number>;
  /** What leads to the state that an action leaves: back to one that is needed for itself. */
  runTo(action: number): Run;
  /** Where a number in an action leads. */
  origin(index: number): Origin;
}

/** Reads a file operation of so many inputs. Throws {@link BadDefinition}. */
export function planFile({ actions }: FileOp, inputs: number): FilePlan {
  if (actions.length === 0) throw new BadDefinition("invalid file operation: it has no action");
  const origin = (index: number): Origin => {
    if (index === -1) return { kind: "scratch" };
    return index < inputs ? { kind: "input", index } : { kind: "action", index: index - inputs };
  };
  const outputs = new Map<number, number>();
  /** How often the state after an action is wanted for itself. */
  const wanted = actions.map(() => 0);
  const want = (index: number, by: number) => {
    const from = origin(index);
    if (!Number.isInteger(index) || index < -1 || (from.kind === "action" && from.index >= by))
      throw new BadDefinition(`invalid file operation: action ${by} has no input ${index}`);
    if (from.kind === "action") wanted[from.index] = (wanted[from.index] ?? 0) + 1;
    return from;
  };
  for (const [number, action] of actions.entries()) {
    checkKind(action, number);
    want(action.input, number);
    // A copy's source is a state of its own, not only one on the way.
    if (action.copy && want(action.secondaryInput, number).kind === "action") want(action.secondaryInput, number);
    if (action.output < 0) continue;
    if (outputs.has(action.output))
      throw new BadDefinition(`invalid file operation: output ${action.output} is left by two actions`);
    outputs.set(action.output, number);
    wanted[number] = (wanted[number] ?? 0) + 2;
  }
  if (outputs.size === 0) throw new BadDefinition("invalid file operation: it has no output");
  const runTo = (action: number): Run => {
    const run: FileAction[] = [];
    for (let at = action; ; ) {
      const each = actions[at];
      if (!each) throw new BadDefinition(`invalid file operation: there is no action ${at}`);
      run.push(each);
      const base = origin(each.input);
      if (base.kind !== "action" || (wanted[base.index] ?? 0) > 1) return { base, actions: run.toReversed() };
      at = base.index;
    }
  };
  return { outputs, runTo, origin };
}

function checkKind({ copy, makeFile, makeDir, remove, symlink }: FileAction, number: number): void {
  const kinds = [copy, makeFile, makeDir, remove, symlink].filter((kind) => kind !== undefined);
  if (kinds.length !== 1)
    throw new BadDefinition(`invalid file operation: action ${number} is of a kind that is not known`);
}
