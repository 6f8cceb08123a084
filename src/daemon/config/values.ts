import { invalid } from "../../lib/errors.ts";

/** Reads configuration values by key and type; each read throws `invalid` where the type is another. */
export class ConfigValues {
  constructor(private readonly values: ReadonlyMap<string, unknown>) {}

  has(key: string): boolean {
    return this.values.has(key);
  }

  string(key: string, fallback: string): string {
    return this.optional(key) ?? fallback;
  }

  /** null where it is absent or empty. */
  optional(key: string): string | null {
    const value = this.values.get(key);
    if (value === undefined || value === null || value === "") return null;
    if (typeof value !== "string") throw wrong(key, "a string");
    return value;
  }

  /** A string, or a number as one. */
  scalar(key: string, fallback: string): string {
    const value = this.values.get(key);
    return typeof value === "number" ? String(value) : this.string(key, fallback);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.values.get(key) ?? fallback;
    if (typeof value !== "boolean") throw wrong(key, "true or false");
    return value;
  }

  integer(key: string, fallback: number): number {
    const value = this.values.get(key) ?? fallback;
    if (typeof value !== "number" || !Number.isInteger(value)) throw wrong(key, "a whole number");
    return value;
  }

  oneOf<T extends string>(key: string, allowed: readonly T[], fallback: T): T {
    const value = this.string(key, fallback);
    const found = allowed.find((text) => text === value);
    if (!found) throw invalid(`invalid ${key}: ${value} (one of ${allowed.join(", ")})`);
    return found;
  }

  list(key: string): string[] {
    const value = this.values.get(key) ?? [];
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
      throw wrong(key, "a list of strings");
    return value;
  }

  /** A map of strings; numbers and booleans in it count as their text. */
  strings(key: string): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.object<unknown>(key)).map(([name, value]) => {
        if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
          throw wrong(`${key}.${name}`, "a string");
        return [name, String(value)];
      }),
    );
  }

  /** Maps of strings by name. */
  stringMaps(key: string): Record<string, Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this.object<unknown>(key)).map(([name, value]) => {
        if (!isObject(value)) throw wrong(`${key}.${name}`, "an object");
        return [name, new ConfigValues(new Map([[name, value]])).strings(name)];
      }),
    );
  }

  object<T>(key: string): Record<string, T> {
    const value = this.values.get(key) ?? {};
    if (!isObject(value)) throw wrong(key, "an object");
    // The border: what is in it is looked at where it is used.
    return value as Record<string, T>;
  }

  ulimits(key: string): { Name: string; Soft: number; Hard: number }[] {
    return Object.entries(this.object<unknown>(key)).map(([name, value]) => {
      const { Soft, Hard } = isObject(value) ? value : {};
      if (typeof Soft !== "number" || typeof Hard !== "number")
        throw wrong(`${key}.${name}`, "an object with Soft and Hard");
      if (Hard !== -1 && (Soft > Hard || Soft === -1))
        throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
      return { Name: name, Soft, Hard };
    });
  }

  pools(key: string): { base: string; size: number }[] {
    const value = this.values.get(key) ?? [];
    if (!Array.isArray(value)) throw wrong(key, "a list");
    return value.map((item: unknown) => {
      const { base, size } = isObject(item) ? item : {};
      if (typeof base !== "string" || typeof size !== "number" || !Number.isInteger(size))
        throw wrong(key, "a list of objects with base and size");
      return { base, size };
    });
  }

  runtimes(key: string): Record<string, { path: string; args?: string[] }> {
    return Object.fromEntries(
      Object.entries(this.object<unknown>(key)).map(([name, value]) => {
        const { path, runtimeArgs } = isObject(value) ? value : {};
        if (typeof path !== "string" || path === "") throw wrong(`${key}.${name}`, "an object with a path");
        if (
          runtimeArgs != null &&
          (!Array.isArray(runtimeArgs) || !runtimeArgs.every((arg) => typeof arg === "string"))
        )
          throw wrong(`${key}.${name}.runtimeArgs`, "a list of strings");
        return [
          name,
          { path, ...(Array.isArray(runtimeArgs) && runtimeArgs.length > 0 && { args: runtimeArgs.map(String) }) },
        ];
      }),
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(key: string, wanted: string): Error {
  return invalid(`invalid configuration: ${key} must be ${wanted}`);
}
