import type { RegistryDeps } from "../deps.ts";
import { RegistryError } from "../errors.ts";
import type { Upstream } from "./upstream.ts";

const largestList = 16 * 1024 * 1024;

/** A JSON list of upstream's; undefined where there is none or nobody can be asked, and what is here has to do. */
export async function askList(
  deps: RegistryDeps,
  upstream: Upstream,
  repository: string,
  path: string,
): Promise<Record<string, unknown> | undefined> {
  if (upstream.down) return undefined;
  try {
    const response = await upstream.ask(repository, path);
    const text = (await response?.text()) ?? "";
    if (!response || text.length > largestList) return undefined;
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch (error) {
    if (!(error instanceof RegistryError) && !(error instanceof SyntaxError)) throw error;
    deps.log.debug("upstream's list is not to be had", { repository, path, why: error.message });
    return undefined;
  }
}
