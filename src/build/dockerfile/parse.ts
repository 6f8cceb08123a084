import { parseInstruction } from "./parse-instruction.ts";
import type { Dockerfile, Instruction, Stage } from "./instructions.ts";
import { lex, type Line } from "./lex.ts";
import { DockerfileError } from "./source.ts";

/** More stages or lines than anybody writes by hand: a hostile file. */
const maxInstructions = 50_000;

/** Reads a Dockerfile into stages of typed instructions. Throws {@link DockerfileError} with the place. */
export function parseDockerfile(text: string): Dockerfile {
  const lexed = lex(text);
  if (lexed.lines.length > maxInstructions) throw new DockerfileError(`dockerfile has more than ${maxInstructions} instructions`, { start: 1, end: 1 });
  const dockerfile: Dockerfile = { globalArgs: [], stages: [], escape: lexed.escape, directives: lexed.directives, warnings: lexed.warnings };
  let stage: Stage | undefined;
  const names = new Set<string>();
  for (const line of lexed.lines) {
    const instruction: Instruction = { ...parseInstruction(line, lexed.escape), text: line.original, range: line.range };
    describe(line, instruction, dockerfile.warnings);
    if (instruction.kind === "FROM") {
      const name = instruction.name?.toLowerCase();
      if (name && names.has(name)) {
        dockerfile.warnings.push({ rule: "DuplicateStageName", message: `Duplicate stage name "${instruction.name}", stage names should be unique`, range: line.range });
      }
      if (name) names.add(name);
      const description = line.comments.find((comment) => name && comment.toLowerCase().startsWith(`${name} `))?.slice((name?.length ?? 0) + 1);
      stage = { from: instruction, index: dockerfile.stages.length, instructions: [], ...(name && { name }), ...(description && { description }) };
      dockerfile.stages.push(stage);
    } else if (stage) stage.instructions.push(instruction);
    else if (instruction.kind === "ARG") dockerfile.globalArgs.push(instruction);
    else throw new DockerfileError("no build stage in current context", line.range);
  }
  if (dockerfile.stages.length === 0) throw new DockerfileError("file with no instructions", { start: 1, end: 1 });
  return dockerfile;
}

/** A comment right above what has a name describes it, and begins with the name. */
function describe({ comments, range }: Line, instruction: Instruction, warnings: Dockerfile["warnings"]): void {
  const names = instruction.kind === "FROM" ? [instruction.name ?? ""] : instruction.kind === "ARG" ? instruction.args.map(({ name }) => name) : [];
  const named = names.filter(Boolean);
  if (comments.length === 0 || named.length === 0 || comments.some((comment) => named.some((name) => comment.toLowerCase().startsWith(`${name.toLowerCase()} `)))) return;
  warnings.push({
    rule: "InvalidDefinitionDescription", range,
    message: "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
  });
}

/** Reads the one instruction of an image's ONBUILD trigger. */
export function parseTrigger(trigger: string): Instruction {
  const lexed = lex(trigger);
  const line = lexed.lines[0];
  if (!line || lexed.lines.length !== 1) throw new DockerfileError(`invalid ONBUILD trigger: ${trigger}`, { start: 1, end: 1 });
  return { ...parseInstruction(line, lexed.escape), text: line.original, range: line.range };
}
