import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { internal } from "../lib/errors.ts";
import { unquote } from "../lib/go-quote.ts";
import { type RuntimeDeps, taskDir } from "./deps.ts";
import { runRuntime } from "./runtime-command.ts";
import { readTaskRecord } from "./task-record.ts";

/** How a task's state is saved. */
export interface CheckpointRequest {
  /** A directory of the host, which exists. */
  imagePath: string;
  /** The task goes on afterwards; otherwise its processes end. */
  leaveRunning: boolean;
}

/**
 * Has the runtime save the processes of a task by CRIU. Throws with the reason, as far as runtime and CRIU tell it; the
 * task goes on then.
 */
export async function checkpointTask(
  deps: RuntimeDeps,
  id: string,
  { imagePath, leaveRunning }: CheckpointRequest,
): Promise<void> {
  const { runtime } = readTaskRecord(deps, id);
  const work = taskDir(deps, id);
  await rm(join(work, "dump.log"), { force: true });
  const options = ["--image-path", imagePath, "--work-path", work, ...(leaveRunning ? ["--leave-running"] : [])];
  const { exitCode, stderr, stdout } = await runRuntime(deps, runtime, ["checkpoint", ...options, id]);
  if (exitCode === 0) return;
  throw internal(whyNot((stderr || stdout).trim(), runtime, join(work, "dump.log")));
}

/** The words of runtime and CRIU about a failure; `log` is CRIU's own. */
export function whyNot(complaint: string, runtime: string, log: string): string {
  if (/unknown command|no help topic|not (supported|compiled|implemented)/i.test(complaint))
    return `the runtime ${runtime} cannot save and restore processes; runc can, with CRIU (--runtime runc)`;
  if (/executable file not found/.test(complaint)) return "criu is not installed";
  const [said = ""] = messageOf(complaint).split("\n");
  // Where CRIU begins to give up it says why.
  const reason = linesOf(log).find((line) => line.includes("Error"));
  return reason ? `${said}: ${reason.replace(/^\([\d.]+\)\s*/, "").trim()}` : said;
}

/** runc's messages are lines of its log; what CRIU says counts more than what comes of it. */
function messageOf(complaint: string): string {
  const quoted = [...complaint.matchAll(/msg=("(?:[^"\\]|\\.)*")/g)];
  const messages = quoted.flatMap(([, text = ""]) => unquote(text) ?? []);
  return messages.find((message) => message.startsWith("criu failed")) ?? messages[0] ?? complaint;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}
