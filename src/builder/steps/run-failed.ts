import { EngineError } from "../../lib/errors.ts";
import { quote } from "../../lib/go-quote.ts";
import type { Range } from "../dockerfile/source.ts";

/** A command of RUN that failed; the exit code is the build's. */
export class RunFailed extends EngineError {
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
