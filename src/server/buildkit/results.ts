import type { BuilderDeps } from "../../builder/deps.ts";
import type { Wanted } from "../../builder/llb/definition-solver.ts";
import type { StageResult } from "../../builder/result.ts";
import type { SourceTree } from "../../builder/source/tree.ts";
import { withView } from "../../builder/steps/view.ts";

/** What a frontend knows by an id: a solution, which may be made only when somebody wants it. */
export interface HeldResult {
  /** There from the beginning: for who asks for it when its build has ended. */
  stage?: StageResult;
  /** Its files in layers. */
  layers(): Promise<StageResult>;
  /** Looks at its files. */
  look<T>(work: (tree: SourceTree) => Promise<T>): Promise<T>;
}

/** What a stage of a Dockerfile came to. */
export function heldStage(deps: BuilderDeps, result: StageResult): HeldResult {
  return { stage: result, layers: async () => result, look: (work) => withView(deps, result.chain, work) };
}

/** What a definition comes to. Files that lie elsewhere are looked at where they are. */
export function heldDefinition(deps: BuilderDeps, { output, layers }: Wanted): HeldResult {
  return {
    layers,
    async look(work) {
      const found = await output();
      return "files" in found ? work(found.files) : withView(deps, found.layers.chain, work);
    },
  };
}
