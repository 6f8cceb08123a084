import { didYouMean } from "./distance.ts";
import type { Line } from "./lex.ts";
import { DockerfileError } from "./source.ts";

/** The `--flags` of one instruction; {@link done} refuses those that nobody asked for. */
export class Flags {
  readonly #asked = new Set<string>();
  constructor(private readonly line: Line) {}

  one(name: string): string | undefined {
    const values = this.#values(name);
    if (values.length > 1) this.#fail(`duplicate flag specified: --${name}`);
    return values[0];
  }

  list(name: string): string[] {
    return this.#values(name);
  }

  bool(name: string): boolean {
    return this.optionalBool(name) ?? false;
  }

  optionalBool(name: string): boolean | undefined {
    this.#asked.add(name);
    const found = this.line.flags.filter((flag) => flag.name === name);
    if (found.length > 1) this.#fail(`duplicate flag specified: --${name}`);
    const flag = found[0];
    if (!flag) return undefined;
    if (flag.value === "") return this.#fail(`missing a value on flag: --${name}`, `--${name}`);
    if (flag.value === undefined || flag.value.toLowerCase() === "true") return true;
    if (flag.value.toLowerCase() === "false") return false;
    return this.#fail(`expecting boolean value for flag --${name}, not: ${flag.value}`, `--${name}`);
  }

  done(): void {
    const strange = this.line.flags.find((flag) => !this.#asked.has(flag.name));
    if (strange)
      this.#fail(`unknown flag: --${strange.name}${didYouMean(strange.name, this.#asked)}`, `--${strange.name}`);
  }

  #values(name: string): string[] {
    this.#asked.add(name);
    return this.line.flags
      .filter((flag) => flag.name === name)
      .map((flag) => flag.value ?? this.#fail(`missing a value on flag: --${name}`, `--${name}`));
  }

  #fail(message: string, near?: string): never {
    throw new DockerfileError(message, this.line.range, near === undefined ? {} : { near });
  }
}
