import { readFileSync } from "node:fs";
import { join } from "node:path";
import { taskDir, type RuntimeContext } from "./context.ts";
import { runRuntime } from "./runtime-command.ts";
import { runtimeError } from "./runtime-errors.ts";
import { readTaskRecord } from "./task-record.ts";

/** Lets a created task's first process run its program. Throws RuntimeError where it cannot; the task then has to be deleted. */
export async function startTask(ctx: RuntimeContext, id: string): Promise<void> {
  const { runtime } = readTaskRecord(ctx, id);
  const { exitCode, stderr, stdout } = await runRuntime(ctx, runtime, ["start", id]);
  if (exitCode !== 0) throw runtimeError("start", stderr || stdout, firstWord(ctx, id));
}

function firstWord(ctx: RuntimeContext, id: string): string {
  const spec: { process?: { args?: string[] } } = JSON.parse(readFileSync(join(taskDir(ctx, id), "config.json"), "utf8"));
  return spec.process?.args?.[0] ?? "";
}
