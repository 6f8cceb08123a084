import type { CommandContext } from "./context.ts";
import { CliError } from "./errors.ts";

/** Asks on standard output and reads one line; only `y` or `Y` means yes. */
export async function confirm(ctx: CommandContext, question: string): Promise<boolean> {
  const answer = await ask(ctx, `${question} [y/N] `);
  return answer.toLowerCase() === "y";
}

/** Asks on standard output and returns the line that is typed, trimmed; empty at the end of input. */
export async function ask({ out, stdin }: CommandContext, question: string): Promise<string> {
  out.write(question);
  await out.flush();
  return (await readLine(stdin.stream())).trim();
}

/** Asks as {@link ask} does, without showing what is typed. */
export async function askSecret(ctx: CommandContext, question: string): Promise<string> {
  if (!ctx.stdin.isTerminal) return ask(ctx, question);
  const { hideTyping } = await import("./terminal/echo.ts");
  using _hidden = hideTyping();
  return await ask(ctx, question);
}

/** Ends the command, without a word and well, unless the user agrees or `force` spares the question. */
export async function confirmOrCancel(ctx: CommandContext, force: boolean, warning: string): Promise<void> {
  if (!force && !(await confirm(ctx, warning))) throw new CliError("", 0);
}

async function readLine(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
  }
  return text;
}
