import type { Flag, FlagOptions } from "./flag.ts";

/** A string of which only some values make sense; without a default null until it is given. */
export function oneOf<const T extends string>(
  values: readonly T[],
  help: string,
  options: FlagOptions & { default: T },
): Flag<T>;
export function oneOf<const T extends string>(
  values: readonly T[],
  help: string,
  options?: FlagOptions,
): Flag<T | null>;
export function oneOf<const T extends string>(
  values: readonly T[],
  help: string,
  options: FlagOptions & { default?: T } = {},
): Flag<T | null> {
  return {
    type: "string",
    help,
    values,
    initial: options.default ?? null,
    ...(options.default !== undefined && { shown: options.default }),
    ...options,
    set(_, text) {
      const value = values.find((known) => known === text);
      if (value === undefined) throw new Error(`must be one of ${values.join(", ")}`);
      return value;
    },
  };
}
