import { containerOptions } from "./containers.ts";
import { engineOptions } from "./engine.ts";
import { networkOptions } from "./network.ts";
import type { DaemonOption } from "./option.ts";
import { optionsWithoutEffect } from "./without-effect.ts";

/** What stands in the file only comes last. */
const nameOf = ({ flag, key }: DaemonOption) => flag ?? `~${key}`;

/** Everything that `berth daemon` can be told, in the order of `--help`. */
export const daemonOptions: readonly DaemonOption[] = [
  ...engineOptions,
  ...containerOptions,
  ...networkOptions,
  ...optionsWithoutEffect,
].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

/** Options by their long name on the command line, without the dashes. */
export const optionByFlag = new Map(
  daemonOptions.flatMap((option) => (option.flag ? [[option.flag, option] as const] : [])),
);
/** Options by their one-letter name on the command line, without the dash. */
export const optionByShort = new Map(
  daemonOptions.flatMap((option) => (option.short ? [[option.short, option] as const] : [])),
);
/** Options by their name in the configuration file. */
export const optionByKey = new Map(daemonOptions.map((option) => [option.key, option] as const));
