import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OciSpec } from "../oci/runtime.ts";
import { type RuntimeDeps, taskDir } from "./deps.ts";

/** The specification that a task was made by. Throws where there is no such task. */
export function taskSpec(deps: RuntimeDeps, id: string): OciSpec {
  return JSON.parse(readFileSync(join(taskDir(deps, id), "config.json"), "utf8"));
}
