import type { Finding } from "./findings.ts";
import type { Dockerfile } from "./instructions.ts";
import { DockerfileError } from "./source.ts";

/** What `# check=skip=Rule,Rule;error=true` (or `BUILDKIT_DOCKERFILE_CHECK`, which counts more) asks for. */
export interface CheckSettings {
  /** Rules that are passed over, by their names as they are written; `all` stands for each. */
  skip: ReadonlySet<string>;
  /** Rules that are only asked on demand; `all` stands for each. */
  experimental: ReadonlySet<string>;
  /** Findings end the build. */
  error: boolean;
}

/** Throws {@link DockerfileError} for what is no setting. */
export function checkSettings(dockerfile: Dockerfile, buildArgs: Readonly<Record<string, string>>): CheckSettings {
  const given = buildArgs["BUILDKIT_DOCKERFILE_CHECK"];
  const directive = dockerfile.directives.get("check");
  const text = given || directive?.value || "";
  const line = directive?.line ?? 1;
  const [skip, experimental] = [new Set<string>(), new Set<string>()];
  let error = false;
  for (const part of text
    .split(";")
    .map((each) => each.trim())
    .filter(Boolean)) {
    const equals = part.indexOf("=");
    const [key, value] = equals < 0 ? [part, ""] : [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
    if (key === "skip" || key === "experimental")
      for (const rule of value.split(",")) (key === "skip" ? skip : experimental).add(rule.trim());
    else if (key === "error" && /^(true|false|0|1)$/i.test(value)) error = /^(true|1)$/i.test(value);
    else
      throw new DockerfileError(
        "failed to parse check options: invalid check option " +
          `${JSON.stringify(equals < 0 || key === "error" ? part : key)}`,
        { start: line, end: line },
        { near: part },
      );
  }
  return { skip, experimental, error };
}

const onDemand = new Set(["CopyIgnoredFile", "InvalidDefinitionDescription"]);

/**
 * The findings that are to be shown: without those that `skip` names, and with those of experimental rules only if
 * `experimental` names them. `all` stands for every rule.
 */
export function notSkipped(findings: readonly Finding[], { skip, experimental }: CheckSettings): Finding[] {
  if (skip.has("all")) return [];
  return findings.filter(
    ({ rule }) => !skip.has(rule) && (!onDemand.has(rule) || experimental.has("all") || experimental.has(rule)),
  );
}
