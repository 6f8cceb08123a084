import { errorMessage } from "../lib/errors.ts";
import { RegistryConfigError } from "./config-error.ts";

/** Reads a document from outside field by field, with the place of each mistake, and refuses what it does not know. */
export class Settings {
  readonly #seen = new Set<string>();
  readonly #fields: Record<string, unknown>;

  constructor(
    value: unknown,
    private readonly where: string,
  ) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new RegistryConfigError(`${where}: expected a mapping`);
    this.#fields = { ...value };
  }

  #take(key: string): unknown {
    this.#seen.add(key);
    const value = this.#fields[key];
    return value === null ? undefined : value;
  }

  #wrong(key: string, wanted: string): RegistryConfigError {
    return new RegistryConfigError(`${this.where}: ${key}: expected ${wanted}`);
  }

  text(key: string): string | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    throw this.#wrong(key, "a text");
  }

  requiredText(key: string): string {
    const value = this.text(key);
    if (value === undefined || value === "") throw new RegistryConfigError(`${this.where}: ${key} is missing`);
    return value;
  }

  flag(key: string): boolean | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.#wrong(key, "true or false");
  }

  count(key: string): number | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.#wrong(key, "a whole number");
  }

  /** A text that `parse` understands: a size, a duration. */
  parsed<T>(key: string, parse: (text: string) => T): T | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (error) {
      throw new RegistryConfigError(`${this.where}: ${key}: ${errorMessage(error)}`);
    }
  }

  /** One text or a list of texts. */
  texts(key: string): string[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.map((entry) => {
      if (typeof entry !== "string" && typeof entry !== "number") throw this.#wrong(key, "a text or a list of texts");
      return String(entry);
    });
  }

  nested(key: string): Settings | undefined {
    const value = this.#take(key);
    return value === undefined ? undefined : new Settings(value, `${this.where}: ${key}`);
  }

  list<T>(key: string, read: (entry: Settings) => T): T[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.#wrong(key, "a list");
    return value.map((entry, index) => {
      const settings = new Settings(entry, `${this.where}: ${key}[${index}]`);
      const result = read(settings);
      settings.end();
      return result;
    });
  }

  /** Throws where the document says more than was asked for: a misspelt key must not be silence. */
  end(): void {
    const unknown = Object.keys(this.#fields).filter((key) => !this.#seen.has(key));
    if (unknown.length > 0) throw new RegistryConfigError(`${this.where}: unknown: ${unknown.join(", ")}`);
  }
}
