/** What is sent with a call beside its messages: values by name, of which there may be several. */
export class Metadata {
  readonly #values = new Map<string, string[]>();

  /** Of a list of names and values in turn. */
  constructor(raw: readonly string[] = []) {
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = raw[at]?.toLowerCase() ?? "";
      const values = this.#values.get(name);
      if (values) values.push(raw[at + 1] ?? "");
      else this.#values.set(name, [raw[at + 1] ?? ""]);
    }
  }

  /** The first value of this name. */
  get(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** All values of this name, as they were sent. */
  getAll(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}
