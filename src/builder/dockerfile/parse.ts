import { atOnce } from "../../lib/breath.ts";
import { invalid } from "../../lib/errors.ts";
import type { Dockerfile, Instruction, InstructionBody, Stage } from "./instructions.ts";
import { type Line, lex } from "./lex.ts";
import { parseInstruction } from "./parse-instruction.ts";
import { DockerfileError } from "./source.ts";

/** More stages or lines than anybody writes by hand: a hostile file. */
const maxInstructions = 50_000;

/**
 * Reads a Dockerfile into stages of typed instructions, in small parts. Throws {@link DockerfileError} with the place.
 */
export function* parseDockerfile(text: string): Generator<void, Dockerfile> {
  const lexed = yield* lex(text);
  if (lexed.lines.length > maxInstructions)
    throw new DockerfileError(`dockerfile has more than ${maxInstructions} instructions`, { start: 1, end: 1 });
  const dockerfile: Dockerfile = {
    globalArgs: [],
    stages: [],
    escape: lexed.escape,
    directives: lexed.directives,
    warnings: lexed.warnings,
  };
  let stage: Stage | undefined;
  const names = new Set<string>();
  for (const line of lexed.lines) {
    yield;
    const instruction: Instruction = { ...read(line, lexed.escape), text: line.original, range: line.range };
    if (instruction.kind === "RUN" && instruction.command.form === "exec" && instruction.command.argv.length === 0) {
      throw new DockerfileError("failed to marshal LLB definition: arguments are required", line.range);
    }
    describe(line, instruction, dockerfile.warnings);
    if (instruction.kind === "ARG")
      for (const arg of instruction.args) {
        const description = descriptionOf(arg.name, line.comments);
        if (description) arg.description = description;
      }
    if (instruction.kind === "FROM") {
      const name = instruction.name?.toLowerCase();
      if (name && names.has(name)) {
        dockerfile.warnings.push({
          rule: "DuplicateStageName",
          message: `Duplicate stage name "${instruction.name}", stage names should be unique`,
          range: line.range,
        });
      }
      if (name) names.add(name);
      const description = name && descriptionOf(name, line.comments);
      stage = {
        from: instruction,
        index: dockerfile.stages.length,
        instructions: [],
        ...(name && { name }),
        ...(description && { description }),
      };
      dockerfile.stages.push(stage);
    } else if (stage) stage.instructions.push(instruction);
    else if (instruction.kind === "ARG") dockerfile.globalArgs.push(instruction);
    else throw new DockerfileError("no build stage in current context", line.range);
  }
  if (dockerfile.stages.length === 0) {
    const reason =
      text.length === 0
        ? "the Dockerfile cannot be empty"
        : lexed.lines.length === 0
          ? "file with no instructions"
          : "dockerfile contains no stages to build";
    throw invalid(reason);
  }
  return dockerfile;
}

/** What is wrong in the reading of a line says which it was. */
function read(line: Line, escape: string): InstructionBody {
  try {
    return parseInstruction(line, escape);
  } catch (error) {
    if (!(error instanceof DockerfileError) || error.ofGrammar) throw error;
    throw new DockerfileError(`dockerfile parse error on line ${line.range.start}: ${error.message}`, error.range, {
      cause: error,
      ...(error.near !== undefined && { near: error.near }),
    });
  }
}

/** What a comment says of the thing whose name it begins with. */
function descriptionOf(name: string, comments: readonly string[]): string | undefined {
  return comments.find((comment) => comment.startsWith(`${name} `))?.slice(name.length + 1);
}

/** The last comment above what has a name describes it, and begins with the name. */
function describe({ comments, range }: Line, instruction: Instruction, warnings: Dockerfile["warnings"]): void {
  const names =
    instruction.kind === "FROM"
      ? [instruction.name?.toLowerCase() ?? ""]
      : instruction.kind === "ARG"
        ? instruction.args.map(({ name }) => name)
        : [];
  const named = names.filter(Boolean);
  const word = comments.at(-1)?.split(" ")[0];
  if (word === undefined || named.length === 0 || named.includes(word)) return;
  warnings.push({
    rule: "InvalidDefinitionDescription",
    range,
    message:
      `Comment for ${instruction.kind} should follow the format: \`# ` +
      `${named.length > 1 ? "<arg_key>" : named[0]} <description>\``,
  });
}

/** Reads the one instruction of an image's ONBUILD trigger. */
export function parseTrigger(trigger: string): Instruction {
  const lexed = atOnce(lex(trigger));
  const line = lexed.lines[0];
  if (!line || lexed.lines.length !== 1)
    throw new DockerfileError(`invalid ONBUILD trigger: ${trigger}`, { start: 1, end: 1 });
  return { ...parseInstruction(line, lexed.escape), text: line.original, range: line.range };
}
