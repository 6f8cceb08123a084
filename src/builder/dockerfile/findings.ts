import type { Range } from "./source.ts";

/** What a check of a Dockerfile found. */
export interface Finding {
  /** BuildKit's name of the rule. */
  rule: string;
  message: string;
  range: Range;
}

/** Notes a finding. */
export type Add = (rule: string, message: string, range: Range) => void;
