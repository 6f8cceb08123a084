import { invalid } from "../lib/errors.ts";
import { parseGoDuration } from "../lib/go-duration.ts";
import type { OciHealthcheck } from "./image.ts";

const durations = new Map([
  ["interval", "Interval"],
  ["timeout", "Timeout"],
  ["start-period", "StartPeriod"],
  ["start-interval", "StartInterval"],
] as const);

/**
 * `[--flag=value …] CMD …` or `NONE`. `toArgv` makes a command of the words after CMD; null where they are for a shell.
 * Throws in Docker's words.
 */
export function readHealthcheck(argument: string, toArgv: (line: string) => string[] | null): OciHealthcheck {
  const flags = new Map<string, string | undefined>();
  let rest = argument;
  for (let flag = nextFlag(rest); flag; flag = nextFlag(rest)) {
    if (flags.has(flag.name)) throw invalid(`duplicate flag specified: --${flag.name}`);
    flags.set(flag.name, flag.value);
    rest = rest.slice(flag.length);
  }
  if (rest === "") throw invalid("HEALTHCHECK requires at least one argument");
  const check: OciHealthcheck = {};
  for (const [name, value] of flags) setFlag(check, name, value);
  const [, kind = "", command = ""] = /^(\S+)\s*([^]*)$/.exec(rest) ?? [];
  if (kind.toUpperCase() === "NONE") {
    if (command !== "") throw invalid("HEALTHCHECK NONE takes no arguments");
    return { Test: ["NONE"] };
  }
  if (kind.toUpperCase() !== "CMD")
    throw invalid(`Unknown type ${JSON.stringify(kind.toUpperCase())} in HEALTHCHECK (try CMD)`);
  if (command === "") throw invalid("Missing command after HEALTHCHECK CMD");
  const argv = toArgv(command);
  return { ...check, Test: argv ? ["CMD", ...argv] : ["CMD-SHELL", command] };
}

function nextFlag(text: string): { name: string; value: string | undefined; length: number } | null {
  const [whole, name, value] = /^--([^\s=]+)(?:=(\S*))?\s*/.exec(text) ?? [];
  return whole === undefined || name === undefined ? null : { name, value, length: whole.length };
}

function setFlag(check: OciHealthcheck, name: string, value: string | undefined): void {
  const field = [...durations].find(([flag]) => flag === name)?.[1];
  if (field === undefined && name !== "retries") throw invalid(`unknown flag: --${name}`);
  if (value === undefined) throw invalid(`missing a value on flag: --${name}`);
  if (field === undefined) {
    if (!/^[+-]?\d+$/.test(value)) throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
    if (Number(value) < 0) throw invalid(`--retries cannot be negative (${Number(value)})`);
    if (Number(value) > 0) check.Retries = Number(value);
    return;
  }
  const duration = parseGoDuration(value);
  if (duration === null) throw invalid(`time: invalid duration ${JSON.stringify(value)}`);
  if (duration !== 0n && duration < 1_000_000n) throw invalid(`Interval "${name}" cannot be less than 1ms`);
  if (duration !== 0n) check[field] = Number(duration);
}
