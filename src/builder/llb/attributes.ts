import { BadDefinition } from "./graph.ts";

/** The attributes of a source, each asked for by its name. */
export class Attributes {
  constructor(
    private readonly identifier: string,
    private readonly values: ReadonlyMap<string, string>,
  ) {}

  /** Throws for what is none of these names, nor begins as one that ends in a dot. */
  only(names: readonly string[]): this {
    for (const name of this.values.keys())
      if (!names.some((known) => known === name || (known.endsWith(".") && name.startsWith(known))))
        throw new BadDefinition(`unknown attribute ${JSON.stringify(name)} of the source ${this.identifier}`);
    return this;
  }

  get(name: string): string | undefined {
    return this.values.get(name) || undefined;
  }

  /** Those whose name begins so, without that. */
  below(prefix: string): [string, string][] {
    return [...this.values].flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as [string, string]] : [],
    );
  }

  flag(name: string): boolean {
    const text = this.get(name);
    if (text === undefined || /^(0|f|F|false|FALSE|False)$/.test(text)) return false;
    if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
    throw this.bad(name, text);
  }

  /** In any of Go's notations: `0644`, `0x1f`, `12`. */
  number(name: string): number | undefined {
    const text = this.get(name);
    if (text === undefined) return undefined;
    const octal = /^0o?([0-7]+)$/.exec(text)?.[1];
    const value = octal === undefined ? Number(text) : Number.parseInt(octal, 8);
    if (!Number.isSafeInteger(value) || value < 0) throw this.bad(name, text);
    return value;
  }

  /** A list of texts, as JSON. */
  list(name: string): string[] {
    const text = this.get(name);
    if (text === undefined) return [];
    try {
      const list: unknown = JSON.parse(text);
      if (list === null) return [];
      if (Array.isArray(list) && list.every((each) => typeof each === "string")) return list;
    } catch {
      // Told below.
    }
    throw this.bad(name, text);
  }

  bad(name: string, text: string): BadDefinition {
    return new BadDefinition(
      `invalid value ${JSON.stringify(text.slice(0, 200))} of the attribute ${name} of the source ${this.identifier}`,
    );
  }
}
