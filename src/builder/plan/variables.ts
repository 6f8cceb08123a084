import { quote } from "../../lib/go-quote.ts";
import type { Platform } from "../../oci/image.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { expand, expandWords } from "../dockerfile/expand.ts";
import { DockerfileError, type Range } from "../dockerfile/source.ts";

/** Arguments that every RUN sees when they are given, without an ARG, and that no cache key holds. */
export const predefinedArgs: ReadonlySet<string> = new Set(
  ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
);

/**
 * The ARGs that every build has by itself: `BUILDPLATFORM`, `BUILDOS`, `BUILDARCH`, `BUILDVARIANT`, the same with
 * `TARGET`, and `TARGETSTAGE` (the stage's name).
 */
export function platformArgs(build: Platform, target: Platform, stage: string): Record<string, string> {
  const describe = (prefix: string, platform: Platform) => ({
    [`${prefix}PLATFORM`]: formatPlatform(platform),
    [`${prefix}OS`]: platform.os,
    [`${prefix}ARCH`]: platform.architecture,
    [`${prefix}VARIANT`]: platform.variant ?? "",
  });
  return { ...describe("BUILD", build), ...describe("TARGET", target), TARGETSTAGE: stage };
}

/** What a stage hands on to those that build on it. */
export interface StageVariables {
  values: readonly (readonly [name: string, value: string])[];
  args: readonly (readonly [name: string, value: string | undefined])[];
}

/** What stages start with that build on no other stage: nothing is handed on. */
export const noVariables: StageVariables = { values: [], args: [] };

/**
 * The variables of one stage: ENV, which the image keeps, and ARG, which only the build sees. Of one name the later
 * counts, in expansion and in what a RUN sees.
 */
export class Variables {
  /** What a name stands for now. */
  readonly #values: Map<string, string>;
  readonly #env: Map<string, string>;
  /** By ARG, in the order of naming; undefined: without a value. */
  readonly #args = new Map<string, string | undefined>();
  #envLength: number;

  constructor(
    private readonly escape: string,
    env: readonly string[],
    private readonly unset?: (name: string) => void,
  ) {
    this.#env = new Map(
      env.map((entry) => {
        const at = entry.indexOf("=");
        return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
      }),
    );
    this.#values = new Map(this.#env);
    this.#envLength = this.env().reduce((sum, entry) => sum + entry.length, 0);
  }

  /** Characters in {@link env}. */
  get envLength(): number {
    return this.#envLength;
  }

  /** Takes over what the stage that this one builds on knew; its ENV counts anew. */
  inherit({ values, args }: StageVariables): void {
    for (const [name, value] of args) this.#args.set(name, value);
    for (const [name, value] of values) if (!this.#env.has(name)) this.#values.set(name, value);
  }

  setArg(name: string, value: string | undefined): void {
    this.#args.set(name, value);
    if (value !== undefined) this.#values.set(name, value);
  }

  setEnv(name: string, value: string): void {
    const before = this.#env.get(name);
    this.#envLength += value.length - (before === undefined ? -name.length - 1 : before.length);
    this.#env.set(name, value);
    this.#values.set(name, value);
  }

  lookup = (name: string): string | undefined => this.#values.get(name);

  /** As the image keeps it: `NAME=value`, in the order of first setting. */
  env(): string[] {
    return [...this.#env].map(([name, value]) => `${name}=${value}`);
  }

  /** All of them as a RUN's environment and cache key have them: `NAME=value`. */
  all(): string[] {
    return [...this.#values].map(([name, value]) => `${name}=${value}`);
  }

  /** The arguments as history tells them before a RUN: `NAME=value`, as they stand now. */
  told(): string[] {
    return [...this.#args].map(([name, value]) => `${name}=${this.#values.get(name) ?? value ?? ""}`);
  }

  /** Whether an ARG names it, with a value or not. */
  declared(name: string): boolean {
    return this.#args.has(name);
  }

  /** Of all that have a value. */
  names(): Iterable<string> {
    return this.#values.keys();
  }

  handOn(): StageVariables {
    return { values: [...this.#values], args: [...this.#args] };
  }

  /**
   * A text for people: quotes and what is not set stay, and so does a text that cannot be expanded. `secret`: names
   * whose values nobody is told.
   */
  inText(text: string, secret: ReadonlySet<string> = new Set()): string {
    const lookup = (name: string) => (secret.has(name) ? "****" : this.lookup(name));
    try {
      return expand(text, { escape: this.escape, lookup, keepQuotes: true, keepUnset: true });
    } catch {
      return text;
    }
  }

  /** One word; a mistake in it is told with its place. */
  expand(text: string, range: Range, options: { keepQuotes?: boolean; escape?: string } = {}): string {
    try {
      return expand(text, {
        escape: this.escape,
        lookup: this.lookup,
        ...(this.unset && { unset: this.unset }),
        ...options,
      });
    } catch (cause) {
      throw new DockerfileError(
        `failed to process ${quote(text)}: ${cause instanceof Error ? cause.message : cause}`,
        range,
        { cause, near: text },
      );
    }
  }

  words(text: string, range: Range): string[] {
    try {
      return expandWords(text, { escape: this.escape, lookup: this.lookup, ...(this.unset && { unset: this.unset }) });
    } catch (cause) {
      throw new DockerfileError(
        `failed to process ${quote(text)}: ${cause instanceof Error ? cause.message : cause}`,
        range,
        { cause, near: text },
      );
    }
  }
}
