import { NetMode, SecurityMode } from "../../api/buildkit/llb.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import type { BuilderDeps } from "../deps.ts";
import { chooseDevices } from "../devices.ts";
import type { Graph } from "./graph.ts";

/** What leaves the sandbox needs the word of whoever builds. Throws `invalid` in BuildKit's words. */
export function checkEntitled(
  { vertices }: Graph,
  { allow, deps }: { allow: ReadonlySet<string>; deps: Pick<BuilderDeps, "cdi"> },
): void {
  const check = (wanted: boolean, entitlement: string) => {
    if (wanted && !allow.has(entitlement)) throw invalid(`failed to load LLB: ${entitlement} is not allowed`);
  };
  for (const { exec } of vertices.map(({ op }) => op)) {
    if (!exec) continue;
    check(exec.network === NetMode.host, "network.host");
    check(exec.security === SecurityMode.insecure, "security.insecure");
    try {
      chooseDevices(exec.cdiDevices, allow, deps.cdi);
    } catch (error) {
      throw invalid(`failed to load LLB: ${errorMessage(error)}`, error);
    }
  }
}
