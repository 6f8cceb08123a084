import { readFileSync } from "node:fs";
import { errorMessage, hasCode, invalid } from "../../lib/errors.ts";
import { own, setOwn } from "../../lib/own.ts";
import { parseJson } from "../../lib/parse-json.ts";
import { type DaemonConfig, defaultConfigFile } from "./config.ts";
import type { DaemonEnvironment } from "./environment.ts";
import type { DaemonArguments, GivenFlags } from "./flags.ts";
import { optionByKey } from "./options/all.ts";
import type { DaemonOption } from "./options/option.ts";
import { resolveConfig } from "./resolve.ts";

/** Puts the configuration together. Throws `invalid` with a message for the person who wrote it. */
export function loadConfig(args: DaemonArguments, environment: DaemonEnvironment): DaemonConfig {
  const file = args.configFile ?? defaultConfigFile;
  const fromFile = readConfigFile(file);
  refuseConflicts(args.given, fromFile, file);
  const values = new Map<string, unknown>(fromFile);
  for (const [key, { option, values: texts }] of args.given) values.set(key, parseFlag(option, texts));
  return resolveConfig(values, file, environment);
}

/** Keys and values of a file; none where there is no such file. */
function readConfigFile(file: string): Map<string, unknown> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return new Map();
    throw configError(file, errorMessage(error));
  }
  const text = decode(bytes, file);
  if (text.trim() === "") return new Map();
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (error) {
    throw configError(file, `invalid JSON: ${errorMessage(error)}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw configError(file, "invalid JSON: not an object");
  const entries = Object.entries(parsed).map(([key, value]): [string, unknown] => [
    key === "host-gateway-ip" ? "host-gateway-ips" : key,
    key === "host-gateway-ip" ? [value] : value,
  ]);
  const unknown = entries.map(([key]) => key).filter((key) => !optionByKey.has(key));
  if (unknown.length > 0)
    throw configError(file, `the following directives don't match any configuration option: ${unknown.join(", ")}`);
  return new Map(entries);
}

/** UTF-8, or UTF-16 by its byte order mark: editors of other systems write those. */
function decode(bytes: Uint8Array, file: string): string {
  const mark = Buffer.from(bytes.subarray(0, 2)).toString("hex");
  const encoding = mark === "fffe" ? "utf-16le" : mark === "feff" ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw configError(file, `failed to decode configuration JSON: invalid ${encoding.toUpperCase()}`);
  }
}

function configError(file: string, message: string): Error {
  return invalid(`unable to configure the Berth daemon with file ${file}: ${message}`);
}

/** A flag and the file that speak of the same thing: nobody could tell which one is meant. Runtimes add up. */
function refuseConflicts(given: GivenFlags, fromFile: Map<string, unknown>, file: string): void {
  const clashes: string[] = [];
  for (const [key, { option, values }] of given) {
    if (!fromFile.has(key) || option.kind === "runtimes") continue;
    const several =
      option.kind === "list" || option.kind === "map" || option.kind === "ulimits" || option.kind === "pools";
    clashes.push(
      `${key}: (from flag: ${several ? `[${values.join(" ")}]` : values.at(-1)}, from file: ` +
        `${show(fromFile.get(key))})`,
    );
  }
  if (clashes.length > 0)
    throw configError(
      file,
      `the following directives are specified both as a flag and in the configuration file: ${clashes.join(", ")}`,
    );
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  if (typeof value === "object" && value !== null)
    return `map[${Object.entries(value)
      .map(([key, item]) => `${key}:${show(item)}`)
      .join(" ")}]`;
  return String(value);
}

/** A flag's texts as the value that the file would have. */
function parseFlag(option: DaemonOption, texts: readonly string[]): unknown {
  const last = texts.at(-1) ?? "";
  const bad = (why: string) => invalid(`invalid argument ${JSON.stringify(last)} for "--${option.flag}" flag: ${why}`);
  switch (option.kind) {
    case "string":
      return last;
    case "boolean":
      if (/^(1|t|true)$/i.test(last)) return true;
      if (/^(0|f|false)$/i.test(last)) return false;
      throw bad(`strconv.ParseBool: parsing ${JSON.stringify(last)}: invalid syntax`);
    case "integer":
      if (!/^-?\d+$/.test(last)) throw bad(`strconv.ParseInt: parsing ${JSON.stringify(last)}: invalid syntax`);
      return Number(last);
    case "bytes":
      return last;
    case "list":
      return option.key === "hosts" || option.key === "labels" ? [...texts] : texts.flatMap((text) => text.split(","));
    case "map":
      return Object.fromEntries(texts.map((text) => split(text, bad)));
    case "ulimits":
      return Object.fromEntries(
        texts.map((text) => {
          const [name, limits] = split(text, bad);
          const [soft = "", hard = soft] = limits.split(":");
          if (!/^-?\d+$/.test(soft) || !/^-?\d+$/.test(hard)) throw bad(`invalid ulimit argument: ${text}`);
          return [name, { Name: name, Soft: Number(soft), Hard: Number(hard) }];
        }),
      );
    case "pools":
      return texts.map((text) => {
        const fields = Object.fromEntries(text.split(",").map((part) => split(part, bad)));
        return { base: fields["base"], size: Number(fields["size"]) };
      });
    case "runtimes":
      return Object.fromEntries(
        texts.map((text) => {
          const [name, path] = split(text, bad);
          return [name, { path }];
        }),
      );
    case "network-options": {
      const byDriver: Record<string, Record<string, string>> = {};
      for (const text of texts) {
        const [driver, rest] = split(text, bad);
        const [option, value] = split(rest, bad);
        setOwn(own(byDriver, driver) ?? setOwn(byDriver, driver, {}), option, value);
      }
      return byDriver;
    }
    case "object":
      throw bad("only in the configuration file");
  }
}

function split(text: string, bad: (why: string) => Error): [string, string] {
  const equals = text.indexOf("=");
  if (equals <= 0) throw bad("must be of the form NAME=VALUE");
  return [text.slice(0, equals), text.slice(equals + 1)];
}
