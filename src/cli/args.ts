/**
 * Checks of the number of arguments; each returns what docker says after `'docker x' `, or null when all is well.
 * `hint`: how docker begins its last line, which varies.
 */
export type ArgsCheck = ((count: number) => string | null) & { hint?: "See" };

const plural = (n: number): string => (n === 1 ? "argument" : "arguments");

export const noArgs: ArgsCheck = (count) => (count === 0 ? null : "accepts no arguments");

export const anyArgs: ArgsCheck = () => null;

export const exactArgs =
  (n: number): ArgsCheck =>
  (count) =>
    count === n ? null : `requires ${n} ${plural(n)}`;

export const minArgs = (n: number): ArgsCheck =>
  Object.assign((count: number) => (count >= n ? null : `requires at least ${n} ${plural(n)}`), {
    hint: "See" as const,
  });

export const maxArgs =
  (n: number): ArgsCheck =>
  (count) =>
    count <= n ? null : `requires at most ${n} ${plural(n)}`;

export const rangeArgs =
  (min: number, max: number): ArgsCheck =>
  (count) =>
    count >= min && count <= max ? null : `requires at least ${min} and at most ${max} ${plural(max)}`;
