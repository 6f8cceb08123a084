import type { Flag, FlagOptions } from "./flag.ts";

/** A string of which only some values make sense. */
export function oneOf<const T extends string>(values: readonly T[], help: string, options: FlagOptions & { default: T }): Flag<T> {
  return {
    type: "string", help, initial: options.default, shown: options.default, ...options,
    set(_, text) {
      const value = values.find((known) => known === text);
      if (value === undefined) throw new Error(`must be one of ${values.join(", ")}`);
      return value;
    },
  };
}
