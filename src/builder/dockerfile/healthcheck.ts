import type { HealthConfig } from "../../api/types/container.ts";
import { errorMessage } from "../../lib/errors.ts";
import { readGoDuration } from "../../lib/go-duration.ts";
import { quote } from "../../lib/go-quote.ts";
import type { Flags } from "./flags.ts";
import type { InstructionBody } from "./instructions.ts";
import { jsonForm } from "./json-form.ts";
import type { Line } from "./lex.ts";

/** HEALTHCHECK NONE, or [options] CMD command. */
export function parseHealthcheck(line: Line, flags: Flags, fail: (message: string) => never): InstructionBody {
  const [, type = "", command = ""] = /^(\S+)\s*([\s\S]*)$/.exec(line.rest) ?? [];
  if (type.toUpperCase() === "NONE") {
    if (command) fail("HEALTHCHECK NONE takes no arguments");
    return { kind: "HEALTHCHECK", check: { Test: ["NONE"] }, shell: false };
  }
  if (type.toUpperCase() !== "CMD") fail(`Unknown type "${type.toUpperCase()}" in HEALTHCHECK (try CMD)`);
  if (!command) fail("Missing command after HEALTHCHECK CMD");
  const argv = jsonForm(command, fail);
  if (argv?.length === 0) fail("Missing command after HEALTHCHECK CMD");
  const check: HealthConfig = { Test: argv ? ["CMD", ...argv] : ["CMD-SHELL", command] };
  const duration = (name: string): number | undefined => {
    const text = flags.one(name);
    if (text === undefined) return undefined;
    const value = nanoseconds(text, fail);
    if (value !== 0 && value < 1e6) return fail(`Interval "${name}" cannot be less than 1ms`);
    return value;
  };
  const [interval, timeout, startPeriod, startInterval] = [
    duration("interval"),
    duration("timeout"),
    duration("start-period"),
    duration("start-interval"),
  ];
  const retries = flags.one("retries");
  if (retries && !/^\d+$/.test(retries))
    fail(
      /^-\d+$/.test(retries)
        ? `--retries cannot be negative (${retries})`
        : `strconv.ParseInt: parsing ${quote(retries)}: invalid syntax`,
    );
  if (interval) check.Interval = interval;
  if (timeout) check.Timeout = timeout;
  if (startPeriod) check.StartPeriod = startPeriod;
  if (startInterval) check.StartInterval = startInterval;
  if (Number(retries)) check.Retries = Number(retries);
  return { kind: "HEALTHCHECK", check, shell: !argv };
}

function nanoseconds(text: string, fail: (message: string) => never): number {
  try {
    return readGoDuration(text);
  } catch (cause) {
    return fail(errorMessage(cause));
  }
}
