interface Variable {
  name: string;
  value: unknown;
}

/** The variables of a running template: inner ones hide outer ones of the same name. */
export class Variables {
  #all: Variable[] = [];

  declare(name: string, value: unknown): void {
    this.#all.push({ name, value });
  }

  find(name: string): Variable | undefined {
    return this.#all.findLast((known) => known.name === name);
  }

  /** False where there is none of that name. */
  assign(name: string, value: unknown): boolean {
    const variable = this.find(name);
    if (variable) variable.value = value;
    return variable !== undefined;
  }

  /** How many there are: what {@link end} takes and {@link replace} counts from. */
  get count(): number {
    return this.#all.length;
  }

  /** Puts another in the place of the one declared at that position. */
  replace(position: number, name: string, value: unknown): void {
    this.#all[position] = { name, value };
  }

  /** The end of a block: what was declared since there were `count` is gone. */
  end(count: number): void {
    this.#all.length = count;
  }

  /** Runs with `$` alone, as a template does that another one calls. */
  apart(dollar: unknown, run: () => void): void {
    const outer = this.#all;
    this.#all = [{ name: "$", value: dollar }];
    run();
    this.#all = outer;
  }
}
