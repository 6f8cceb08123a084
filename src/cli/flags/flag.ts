/**
 * One flag of a command, as data. The key it stands under in a command's `flags` is its long name.
 *
 * `set` folds one occurrence on the command line into the value so far; it throws {@link FlagValueError} (or any
 * Error) whose message becomes the tail of `invalid argument "x" for "-m, --memory" flag: …`.
 */
export interface Flag<T> {
  /** The value's type as `--help` shows it (`list`, `bytes`, …); empty for booleans. */
  readonly type: string;
  readonly help: string;
  readonly initial: T;
  set(current: T, text: string): T;
  /** The value taken where the flag stands alone (`--all`); flags without it need a value. */
  readonly bare?: string;
  /** All that it may be, where that is few words: shells complete them. */
  readonly values?: readonly string[];
  /** One-letter form. */
  readonly short?: string | undefined;
  /** The default as `--help` shows it, without quotes; absent where nothing is to be shown. */
  readonly shown?: string;
  /** Works, but is not listed by `--help`. */
  readonly hidden?: boolean;
  /** Other long names that set the same value, never listed (`--net` for `--network`). */
  readonly aliases?: readonly string[];
  /** Oldest Engine API version that knows the flag, e.g. `1.44`. */
  readonly minApi?: string;
  /** Printed as a warning when the flag is used: `Flag --x has been deprecated, <text>`. */
  readonly deprecated?: string;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** What a command's `run` receives: each flag's value under its long name. */
export type FlagValues<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/** What every builder in kinds.ts takes beside the help text. */
export interface FlagOptions {
  readonly short?: string | undefined;
  readonly shown?: string;
  readonly hidden?: boolean;
  readonly aliases?: readonly string[];
  readonly minApi?: string;
  readonly deprecated?: string;
}
