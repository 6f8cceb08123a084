import type { HealthConfig } from "../../api/types/container.ts";
import type { Flags } from "./flags.ts";
import type { InstructionBody } from "./instructions.ts";
import type { Line } from "./lex.ts";
import { jsonForm } from "./json-form.ts";

const nanoseconds: Record<string, number> = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** A Go duration (`1h30m`, `500ms`) in nanoseconds; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)].reduce((sum, [, amount, unit]) => sum + Number(amount) * (nanoseconds[unit ?? ""] ?? 0), 0);
}

/** HEALTHCHECK NONE, or [options] CMD command. */
export function parseHealthcheck(line: Line, flags: Flags, fail: (message: string) => never): InstructionBody {
  const [, type = "", command = ""] = /^(\S+)\s*([\s\S]*)$/.exec(line.rest) ?? [];
  if (type.toUpperCase() === "NONE") {
    if (command) fail("HEALTHCHECK NONE takes no arguments");
    return { kind: "HEALTHCHECK", check: { Test: ["NONE"] }, shell: false };
  }
  if (type.toUpperCase() !== "CMD") fail(`Unknown type "${type}" in HEALTHCHECK (try CMD)`);
  if (!command) fail("Missing command after HEALTHCHECK CMD");
  const argv = jsonForm(command);
  const check: HealthConfig = { Test: argv ? ["CMD", ...argv] : ["CMD-SHELL", command] };
  const duration = (name: string): number | undefined => {
    const text = flags.one(name);
    if (text === undefined) return undefined;
    const value = parseDuration(text);
    if (value === undefined) return fail(`time: invalid duration "${text}"`);
    if (value > 0 && value < 1e6) return fail(`Interval "${name}" cannot be less than 1ms`);
    return value;
  };
  const [interval, timeout, startPeriod, startInterval] = [duration("interval"), duration("timeout"), duration("start-period"), duration("start-interval")];
  const retries = flags.one("retries");
  if (retries !== undefined && !/^\d+$/.test(retries)) fail(`--retries must be at least 0 (not ${retries})`);
  if (interval !== undefined) check.Interval = interval;
  if (timeout !== undefined) check.Timeout = timeout;
  if (startPeriod !== undefined) check.StartPeriod = startPeriod;
  if (startInterval !== undefined) check.StartInterval = startInterval;
  if (retries !== undefined) check.Retries = Number(retries);
  return { kind: "HEALTHCHECK", check, shell: !argv };
}
