import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { internal } from "../lib/errors.ts";
import type { OciResources } from "../oci/runtime.ts";
import { encodeRuntimeJson } from "../oci/runtime-json.ts";
import { taskDir, type RuntimeContext } from "./context.ts";
import { runRuntime } from "./runtime-command.ts";
import { readTaskRecord } from "./task-record.ts";

/** Changes the limits of a running container; what `resources` leaves out stays as it is. */
export async function updateTask(ctx: RuntimeContext, id: string, resources: OciResources): Promise<void> {
  const { runtime } = readTaskRecord(ctx, id);
  const file = join(taskDir(ctx, id), "resources.json");
  writeFileSync(file, encodeRuntimeJson(resources));
  const { exitCode, stderr, stdout } = await runRuntime(ctx, runtime, ["update", "--resources", file, id]);
  if (exitCode !== 0) throw internal(`Cannot update container ${id}: ${(stderr || stdout).trim()}`);
}
