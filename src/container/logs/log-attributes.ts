import { compilePattern, type Pattern } from "../../lib/pattern.ts";
import type { ContainerRecord } from "../record.ts";
import { renderLogTag } from "./log-tag.ts";

/** The log options `labels-regex` and `env-regex`; null where they are not given. */
export interface LogPatterns {
  labels: Pattern | null;
  env: Pattern | null;
}

/** Throws `invalid` where one of them is no regular expression. */
export async function logPatterns(options: Readonly<Record<string, string>>): Promise<LogPatterns> {
  const [labels, env] = await Promise.all(
    ["labels-regex", "env-regex"].map((name) => (options[name] ? compilePattern(options[name]) : null)),
  );
  return { labels: labels ?? null, env: env ?? null };
}

/** The labels and variables of a container that its log options name. */
export function chosenAttributes(c: ContainerRecord, patterns: LogPatterns): Record<string, string> {
  const options = c.spec.hostConfig.LogConfig?.Config ?? {};
  const labels = c.spec.config.Labels ?? {};
  const env = Object.fromEntries(
    (c.spec.config.Env ?? []).map((entry) => {
      const equals = entry.indexOf("=");
      return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
  return { ...select(labels, options.labels, patterns.labels), ...select(env, options.env, patterns.env) };
}

/** As {@link chosenAttributes}, and the tag. Throws where the options make no sense. */
export function logAttributes(c: ContainerRecord, patterns: LogPatterns): Record<string, string> {
  const { tag } = c.spec.hostConfig.LogConfig?.Config ?? {};
  const attributes = chosenAttributes(c, patterns);
  return { ...attributes, ...(tag && { tag: renderLogTag(tag, c, attributes) }) };
}

/** {@link logAttributes} of a container that is there. */
export async function readLogAttributes(c: ContainerRecord): Promise<Record<string, string>> {
  return logAttributes(c, await logPatterns(c.spec.hostConfig.LogConfig?.Config ?? {}));
}

/** As `logs --details` shows them: `a=b,c=d`. */
export function showAttributes(attributes: Record<string, string>): string {
  return Object.keys(attributes)
    .sort()
    .map((key) => `${queryEscape(key)}=${queryEscape(attributes[key] ?? "")}`)
    .join(",");
}

/** As Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

function select(values: Record<string, string>, names = "", pattern: Pattern | null): Record<string, string> {
  const wanted = new Set(names.split(",").filter((name) => name !== ""));
  return Object.fromEntries(Object.entries(values).filter(([key]) => wanted.has(key) || pattern?.(key)));
}
