import { NetMode, SecurityMode } from "../../api/buildkit/llb.ts";
import { invalid } from "../../lib/errors.ts";
import type { Graph } from "./graph.ts";

/** What leaves the sandbox needs the word of whoever builds. Throws `invalid` in BuildKit's words. */
export function checkEntitled({ vertices }: Graph, allow: ReadonlySet<string>): void {
  const check = (wanted: boolean, entitlement: string) => {
    if (wanted && !allow.has(entitlement)) throw invalid(`failed to load LLB: ${entitlement} is not allowed`);
  };
  for (const { exec } of vertices.map(({ op }) => op)) {
    if (!exec) continue;
    check(exec.network === NetMode.host, "network.host");
    check(exec.security === SecurityMode.insecure, "security.insecure");
  }
}
