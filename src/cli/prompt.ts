import type { CommandDeps, Host } from "./deps.ts";
import { CliError } from "./errors.ts";

/**
 * Questions to the user on standard output, answered line by line on standard input. One object asks all the
 * questions of a command: what is typed ahead belongs to the next of them.
 */
export class Questions {
  #chunks: AsyncIterator<Uint8Array> | undefined;
  readonly #decoder = new TextDecoder();
  #typed = "";

  constructor(private readonly deps: Pick<Host, "out" | "stdin">) {}

  /** The line that is typed, trimmed; empty at the end of input. */
  async ask(question: string): Promise<string> {
    this.deps.out.write(question);
    await this.deps.out.flush();
    return (await this.#line()).trim();
  }

  /** As {@link ask}, without showing what is typed. */
  async askSecret(question: string): Promise<string> {
    if (!this.deps.stdin.isTerminal) return this.ask(question);
    const { hideTyping } = await import("./terminal/echo.ts");
    using _hidden = hideTyping();
    return await this.ask(question);
  }

  /** Only `y` or `Y` means yes. */
  async confirm(question: string): Promise<boolean> {
    return (await this.ask(`${question} [y/N] `)).toLowerCase() === "y";
  }

  async #line(): Promise<string> {
    this.#chunks ??= this.deps.stdin.stream()[Symbol.asyncIterator]();
    for (;;) {
      const end = this.#typed.indexOf("\n");
      if (end >= 0) {
        const line = this.#typed.slice(0, end);
        this.#typed = this.#typed.slice(end + 1);
        return line;
      }
      const next = await this.#chunks.next();
      if (next.done) {
        const line = this.#typed;
        this.#typed = "";
        return line;
      }
      this.#typed += this.#decoder.decode(next.value, { stream: true });
    }
  }
}

/** Ends the command, without a word and well, unless the user agrees or `force` spares the question. */
export async function confirmOrCancel(deps: CommandDeps, force: boolean, warning: string): Promise<void> {
  if (!force && !(await new Questions(deps).confirm(warning))) throw new CliError("", 0);
}
