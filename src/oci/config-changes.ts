import { isAbsolute, join, normalize } from "node:path/posix";
import { invalid } from "../lib/errors.ts";
import { readHealthcheck } from "./healthcheck-change.ts";
import type { OciImageConfig } from "./image.ts";

/**
 * The `changes` of commit and import: Dockerfile instructions that only touch the image's configuration. Returns a new
 * configuration; throws `invalid` with Docker's words.
 */
export function applyChanges(config: OciImageConfig, changes: readonly string[]): OciImageConfig {
  const result = structuredClone(config);
  let commandSet = false;
  for (const line of changes.flatMap(logicalLines)) {
    const [, word = "", rest = ""] = /^(\S+)\s*([^]*)$/.exec(line) ?? [];
    const instruction = word.toUpperCase();
    if (instruction === "CMD") commandSet = true;
    const apply = Object.hasOwn(instructions, instruction) ? instructions[instruction] : undefined;
    if (!apply) throw invalid(`${word} is not a valid change command`);
    const argument = rest.trim();
    if (argument === "") throw invalid(`${instruction} requires at least one argument`);
    apply(result, argument);
    // An entrypoint makes the inherited command meaningless.
    if (instruction === "ENTRYPOINT" && !commandSet) delete result.Cmd;
  }
  return result;
}

/** Lines without comments and blanks, continued ones joined. */
function logicalLines(change: string): string[] {
  return change
    .replace(/\\[ \t]*\n/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

type Apply = (config: OciImageConfig, argument: string) => void;

const instructions: Record<string, Apply> = {
  CMD: (config, argument) => void (config.Cmd = commandLine(config, argument)),
  ENTRYPOINT: (config, argument) => void (config.Entrypoint = commandLine(config, argument)),
  SHELL: (config, argument) => {
    const shell = jsonList(argument);
    if (!shell?.length) throw invalid("SHELL requires the arguments to be in JSON form");
    config.Shell = shell;
  },
  USER: (config, argument) => void (config.User = expand(config, argument)),
  STOPSIGNAL: (config, argument) => void (config.StopSignal = expand(config, argument)),
  WORKDIR(config, argument) {
    const path = expand(config, argument);
    config.WorkingDir = normalize(isAbsolute(path) ? path : join(config.WorkingDir || "/", path)).replace(
      /(.)\/$/,
      "$1",
    );
  },
  ENV(config, argument) {
    const env = new Map((config.Env ?? []).map((entry) => [entry.split("=", 1)[0] ?? "", entry]));
    for (const [name, value] of pairs("ENV", argument)) env.set(name, `${name}=${expand(config, value)}`);
    config.Env = [...env.values()];
  },
  LABEL(config, argument) {
    config.Labels = {
      ...config.Labels,
      ...Object.fromEntries(
        pairs("LABEL", argument).map(([name, value]) => [expand(config, name), expand(config, value)]),
      ),
    };
  },
  EXPOSE(config, argument) {
    config.ExposedPorts = {
      ...config.ExposedPorts,
      ...Object.fromEntries(
        words(expand(config, argument))
          .flatMap(ports)
          .map((port) => [port, {}]),
      ),
    };
  },
  VOLUME(config, argument) {
    const paths = jsonList(argument) ?? words(argument).map(unquote);
    if (paths.some((path) => path.trim() === "")) throw invalid("VOLUME specified can not be an empty string");
    config.Volumes = { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [expand(config, path), {}])) };
  },
  ONBUILD(config, argument) {
    const trigger = (words(argument)[0] ?? "").toUpperCase();
    if (trigger === "ONBUILD") throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger === "MAINTAINER" || trigger === "FROM") throw invalid(`${trigger} isn't allowed as an ONBUILD trigger`);
    config.OnBuild = [...(config.OnBuild ?? []), argument];
  },
  HEALTHCHECK: (config, argument) => void (config.Healthcheck = readHealthcheck(argument, jsonList)),
};

/** JSON form as it is, anything else through the shell. */
function commandLine(config: OciImageConfig, argument: string): string[] {
  return jsonList(argument) ?? [...(config.Shell ?? ["/bin/sh", "-c"]), argument];
}

function jsonList(text: string): string[] | null {
  if (!text.startsWith("[")) return null;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === "string") ? list : null;
  } catch {
    return null;
  }
}

/** `name=value …`, quoted where there are blanks, or the old form `name value`. */
function pairs(instruction: string, argument: string): [string, string][] {
  const tokens = words(argument);
  if (!tokens[0]?.includes("=")) {
    const [, name = "", value] = /^(\S+)\s+([^]*)$/.exec(argument) ?? [];
    if (value === undefined) throw invalid(`${instruction} must have two arguments`);
    return [[name, value]];
  }
  return tokens.map((token) => {
    const equals = token.indexOf("=");
    if (equals < 0) throw invalid(`Syntax error - can't find = in "${token}". Must be of the form: name=value`);
    if (equals === 0) throw invalid(`${instruction} names can not be blank`);
    return [unquote(token.slice(0, equals)), unquote(token.slice(equals + 1))];
  });
}

/** Splits at blanks outside of quotes; quotes stay. */
function words(text: string): string[] {
  return text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\])+/g) ?? [];
}

function unquote(word: string): string {
  return word.replace(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
    (_, double?: string, single?: string, escaped?: string) =>
      double?.replace(/\\(["\\$])/g, "$1") ?? single ?? escaped ?? "",
  );
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+other}` from the configuration's own environment. */
function expand(config: OciImageConfig, text: string): string {
  const value = (name: string) => config.Env?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  return text.replace(
    /\\\$|\$(?:\{(\w+)(?::([-+])([^}]*))?\}|(\w+))/g,
    (match, braced?: string, operator?: string, word = "", plain?: string) => {
      if (match === "\\$") return "$";
      const found = value(braced ?? plain ?? "") ?? "";
      if (operator === "-") return found || word;
      if (operator === "+") return found ? word : "";
      return found;
    },
  );
}

function ports(word: string): string[] {
  const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
  const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (!match || from < 1 || to > 65535 || from > to) throw invalid(`Invalid containerPort: ${word}`);
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}/${(match[3] ?? "tcp").toLowerCase()}`);
}
