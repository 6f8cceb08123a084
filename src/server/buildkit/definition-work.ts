import type { CacheSpec } from "../../builder/cache/spec.ts";
import type { DefinitionSolver } from "../../builder/llb/definition-solver.ts";
import type { LlbWork } from "../../builder/llb/work.ts";
import type { StageResult } from "../../builder/result.ts";
import type { Solved } from "../../builder/solved.ts";

/** What all definitions of one build share. */
export interface DefinitionWork {
  solver: DefinitionSolver;
  work: LlbWork;
  /** Takes from these caches too, each opened once. */
  takeCaches(specs: readonly CacheSpec[]): Promise<void>;
  /** What to export results with. */
  solved(results: readonly StageResult[]): Solved;
}
