import type { OciImageConfig } from "../../oci/image.ts";
import type { Instruction } from "../dockerfile/instructions.ts";
import { chomped, heredocOf } from "../dockerfile/lex.ts";
import { commandOf } from "./configure.ts";

/** A program that a here-document brings, and where the step finds it. */
export interface Script {
  path: string;
  content: string;
}

/**
 * The command of a RUN. Here-documents: one alone is the script itself (or, with `#!`, a program); others follow the
 * command as a shell reads them.
 */
export function commandOfRun(
  config: OciImageConfig,
  { command }: Extract<Instruction, { kind: "RUN" }>,
): { argv: string[]; script?: Script } {
  if (command.form === "exec" || command.heredocs.length === 0) return { argv: commandOf(config, command) };
  const shell = (text: string) => commandOf(config, { form: "shell", text, heredocs: [] });
  const [first] = command.heredocs;
  if (first && heredocOf(command.text)) {
    if (!first.content.startsWith("#!")) return { argv: shell(chomped(first)) };
    const path = `/dev/pipes/${first.name}`;
    return { argv: shell(path), script: { path, content: chomped(first) } };
  }
  return { argv: shell([command.text, ...command.heredocs.map((doc) => `${doc.content}${doc.name}`)].join("\n")) };
}
