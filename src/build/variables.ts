import { expand, expandWords } from "./dockerfile/expand.ts";
import { DockerfileError, type Range } from "./dockerfile/source.ts";
import type { Platform } from "../oci/image.ts";
import { formatPlatform } from "../oci/platform.ts";

/** Arguments that every RUN sees when they are given, without an ARG, and that no cache key holds. */
export const predefinedArgs: ReadonlySet<string> = new Set(
  ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
);

/** `TARGETPLATFORM` and its kin. */
export function platformArgs(build: Platform, target: Platform, stage: string): Record<string, string> {
  const describe = (prefix: string, platform: Platform) => ({
    [`${prefix}PLATFORM`]: formatPlatform(platform), [`${prefix}OS`]: platform.os,
    [`${prefix}ARCH`]: platform.architecture, [`${prefix}VARIANT`]: platform.variant ?? "",
  });
  return { ...describe("BUILD", build), ...describe("TARGET", target), TARGETSTAGE: stage };
}

/**
 * The variables of one stage: ENV, which the image keeps and which wins, over ARG, which only the build sees.
 * A copy per step is cheap: stages have few of them.
 */
export class Variables {
  readonly #args = new Map<string, string>();
  readonly #env: Map<string, string>;

  constructor(private readonly escape: string, env: readonly string[], private readonly unset?: (name: string) => void) {
    this.#env = new Map(env.map((entry) => { const at = entry.indexOf("="); return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)]; }));
  }

  setArg(name: string, value: string): void { this.#args.set(name, value); }
  setEnv(name: string, value: string): void { this.#env.set(name, value); }
  lookup = (name: string): string | undefined => this.#env.get(name) ?? this.#args.get(name);

  /** As the image keeps it: `NAME=value`, in the order of first setting. */
  env(): string[] {
    return [...this.#env].map(([name, value]) => `${name}=${value}`);
  }

  /** All arguments, in the order of setting. */
  allArgs(): [string, string][] { return [...this.#args]; }

  /** Arguments that ENV does not hide, sorted: what a RUN's environment and cache key have besides ENV. */
  args(): [string, string][] {
    return [...this.#args].filter(([name]) => !this.#env.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** One word; a mistake in it is told with its place. */
  expand(text: string, range: Range, options: { keepQuotes?: boolean } = {}): string {
    try {
      return expand(text, { escape: this.escape, lookup: this.lookup, ...(this.unset && { unset: this.unset }), ...options });
    } catch (cause) {
      throw new DockerfileError(`failed to process "${text}": ${cause instanceof Error ? cause.message : cause}`, range, { cause, near: text });
    }
  }

  words(text: string, range: Range): string[] {
    try {
      return expandWords(text, { escape: this.escape, lookup: this.lookup, ...(this.unset && { unset: this.unset }) });
    } catch (cause) {
      throw new DockerfileError(`failed to process "${text}": ${cause instanceof Error ? cause.message : cause}`, range, { cause, near: text });
    }
  }
}
