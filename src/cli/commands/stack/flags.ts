import type { Project } from "../../compose/project-type.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { string, stringSlice } from "../../flags/kinds.ts";

/** Stacks once went elsewhere too; what is given is read and left. */
export const orchestrator = string("Orchestrator of the stack (no longer in effect)", {
  hidden: true,
  deprecated: "option will be ignored",
});

export const composeFile = stringSlice('Path of a Compose file, or "-" for standard input', {
  short: "c",
  minApi: "1.25",
});

/** The files of `--compose-file` as one project. */
export async function readProject(
  deps: CommandDeps,
  files: readonly string[],
  skipInterpolation = false,
): Promise<Project> {
  if (files.length === 0) throw new CliError("Specify a Compose file (with --compose-file)");
  const { loadProject } = await import("../../compose/project.ts");
  const stdin = async () => {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of deps.stdin.stream()) text += decoder.decode(chunk, { stream: true });
    return text + decoder.decode();
  };
  return loadProject({ files, cwd: process.cwd(), env: deps.env, stdin, skipInterpolation });
}

/** Throws where a name cannot be a stack's. */
export function checkStackName(name: string): void {
  if (name.trim() === "" || /^['"\s]*$/.test(name)) throw new CliError(`invalid stack name: ${JSON.stringify(name)}`);
}
