import type { ConfigFile } from "../../../config/file.ts";
import { cut } from "./csv.ts";

const variables = [
  ["HTTP_PROXY", "httpProxy"],
  ["HTTPS_PROXY", "httpsProxy"],
  ["NO_PROXY", "noProxy"],
  ["FTP_PROXY", "ftpProxy"],
  ["ALL_PROXY", "allProxy"],
] as const;

/**
 * The environment with the proxies that config.json names for this engine (or by default), and the last of each
 * variable only.
 */
export function withProxies(
  env: readonly string[],
  { proxies, engineHost }: { proxies?: ConfigFile["proxies"]; engineHost: string },
): string[] {
  const byName = new Map(env.map((one) => [cut(one, "=")[0], one]));
  const proxy = proxies?.[engineHost] ?? proxies?.["default"];
  for (const [name, key] of variables) {
    const value = proxy?.[key];
    if (!value) continue;
    for (const spelled of [name, name.toLowerCase()])
      if (!byName.has(spelled)) byName.set(spelled, `${spelled}=${value}`);
  }
  return [...byName.values()];
}
