import { renderLogTag } from "./log-tag.ts";
import type { ContainerRecord } from "./record.ts";

/**
 * What `logs --details` shows of a container: the labels and variables that its log options name, and its tag, as
 * `a=b,c=d`. Throws where the options make no sense.
 */
export function logAttributes(c: ContainerRecord): string {
  const options = c.spec.hostConfig.LogConfig?.Config ?? {};
  const labels = c.spec.config.Labels ?? {};
  const env = Object.fromEntries((c.spec.config.Env ?? []).map((entry) => {
    const equals = entry.indexOf("=");
    return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
  }));
  const shown: Record<string, string> = { ...select(labels, options.labels, options["labels-regex"]), ...select(env, options.env, options["env-regex"]) };
  if (options.tag) shown.tag = renderLogTag(options.tag, c);
  return Object.keys(shown).sort().map((key) => `${queryEscape(key)}=${queryEscape(shown[key] ?? "")}`).join(",");
}

/** As Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll("%20", "+");
}

function select(values: Record<string, string>, names = "", pattern = ""): Record<string, string> {
  const wanted = new Set(names.split(",").filter((name) => name !== ""));
  const matching = pattern ? new RegExp(pattern) : null;
  return Object.fromEntries(Object.entries(values).filter(([key]) => wanted.has(key) || matching?.test(key)));
}
