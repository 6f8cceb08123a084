import type { ContainerRecord } from "./record.ts";

/** What `logs --details` shows of a container: the labels and variables that its log options name, as `a=b,c=d`. */
export function logAttributes(c: ContainerRecord): string {
  const options = c.spec.hostConfig.LogConfig?.Config ?? {};
  const labels = c.spec.config.Labels ?? {};
  const env = Object.fromEntries((c.spec.config.Env ?? []).map((entry) => {
    const equals = entry.indexOf("=");
    return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
  }));
  const shown = { ...select(labels, options.labels, options["labels-regex"]), ...select(env, options.env, options["env-regex"]) };
  return Object.keys(shown).sort().map((key) => `${encodeURIComponent(key)}=${encodeURIComponent(shown[key] ?? "")}`).join(",");
}

function select(values: Record<string, string>, names = "", pattern = ""): Record<string, string> {
  const wanted = new Set(names.split(",").filter((name) => name !== ""));
  const matching = pattern ? new RegExp(pattern) : null;
  return Object.fromEntries(Object.entries(values).filter(([key]) => wanted.has(key) || matching?.test(key)));
}
