import type { ExecOp } from "../../api/buildkit/llb.ts";
import { EngineError } from "../../lib/errors.ts";
import { quote } from "../../lib/go-quote.ts";
import type { Input } from "../../lib/protobuf.ts";
import type { Range } from "../dockerfile/source.ts";
import type { StageResult } from "../result.ts";

/** Files that become layers when somebody wants them. */
export type Files = () => Promise<Pick<StageResult, "chain" | "diffIds">>;

/** A command that failed, for who wants to look into what it left. */
export interface FailedCommand {
  /** As a definition has it, or would. */
  exec: Input<typeof ExecOp>;
  /** Of each of its mounts: the files as they were. Undefined: it is made of none. */
  before: readonly (Files | undefined)[];
  /** The same as the command left them. */
  after: readonly (Files | undefined)[];
}

/** A command of RUN that failed; the exit code is the build's. */
export class RunFailed extends EngineError {
  /** What it left, where that is kept. */
  failed: FailedCommand | undefined;

  /** `place`: told before the words, a line or more. */
  constructor(
    readonly command: string,
    readonly exitCode: number,
    readonly range: Range,
    private readonly place = "",
  ) {
    super("invalid", `${place}process ${quote(command)} did not complete successfully: exit code: ${exitCode}`);
  }

  /** In the words of Docker's classic builder. */
  get classic(): string {
    return `${this.place}The command '${this.command}' returned a non-zero code: ${this.exitCode}`;
  }
}
