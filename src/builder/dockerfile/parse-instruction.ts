import { parseHealthcheck } from "./healthcheck.ts";
import type { CommandLine, InstructionBody } from "./instructions.ts";
import { jsonForm } from "./json-form.ts";
import { type Line, rawWords } from "./lex.ts";
import { parseAdd, parseCopy } from "./parse-copy.ts";
import { keywords, missingArgument, type Reading, readingOf, unknownInstruction } from "./reading.ts";
import { parseRunDevice } from "./run-device.ts";
import { mountFrom } from "./run-mount.ts";

const stageName = /^[a-z][a-z0-9-_.]*$/;

/** Turns a logical line into its instruction. Throws {@link DockerfileError}. */
export function parseInstruction(line: Line, escape: string): InstructionBody {
  const reading = readingOf(line, escape);
  const { keyword, rest } = line;
  if (rest === "" && keywords.includes(keyword) && !["CMD", "ENTRYPOINT", "RUN"].includes(keyword)) {
    reading.fail(missingArgument(keyword));
  }
  const body = bodyOf(reading);
  // BuildKit does not refuse unknown flags of these two.
  if (keyword !== "ARG" && keyword !== "STOPSIGNAL") reading.flags.done();
  return body;
}

function bodyOf(reading: Reading): InstructionBody {
  const { line, flags, escape, fail } = reading;
  const { keyword, rest } = line;
  switch (keyword) {
    case "FROM":
      return parseFrom(reading);
    case "ARG":
      return { kind: "ARG", args: rawWords(rest, escape).map((word) => parseArg(word, fail)) };
    case "ENV":
    case "LABEL":
      return parsePairs(keyword, reading);
    case "RUN":
      return parseRun(reading);
    case "CMD":
    case "ENTRYPOINT":
      return { kind: keyword, command: commandLine(reading) };
    case "COPY":
      return parseCopy(reading);
    case "ADD":
      return parseAdd(reading);
    case "WORKDIR":
      return { kind: "WORKDIR", path: rest };
    case "USER":
      return { kind: "USER", user: rest };
    case "EXPOSE":
      return { kind: "EXPOSE", ports: rawWords(rest, escape).sort() };
    case "VOLUME":
      return parseVolume(reading);
    case "STOPSIGNAL":
      return { kind: "STOPSIGNAL", signal: rest };
    case "SHELL":
      return parseShell(reading);
    case "HEALTHCHECK":
      return parseHealthcheck(line, flags, fail);
    case "ONBUILD":
      return parseOnbuild(reading);
    case "MAINTAINER":
      return { kind: "MAINTAINER", name: rest };
    default:
      return fail(unknownInstruction(line.original));
  }
}

function parseFrom({ line, flags, fail }: Reading): InstructionBody {
  const words = line.rest.split(/\s+/);
  const platform = flags.one("platform");
  const [image = "", as, name] = words;
  if (words.length !== 1 && !(words.length === 3 && as?.toUpperCase() === "AS"))
    return fail("FROM requires either one or three arguments");
  if (name !== undefined && !stageName.test(name.toLowerCase()))
    return fail(`invalid name for build stage: "${name}", name can't start with a number or contain symbols`);
  return { kind: "FROM", image, ...(platform !== undefined && { platform }), ...(name !== undefined && { name }) };
}

function parseArg(word: string, fail: Reading["fail"]): { name: string; value?: string } {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  if (name === "") return fail("ARG names can not be blank");
  return equals < 0 ? { name } : { name, value: word.slice(equals + 1) };
}

/** `KEY=value …`, or the old `KEY value to the end of the line`. */
function parsePairs(kind: "ENV" | "LABEL", { line, escape, fail, failGrammar }: Reading): InstructionBody {
  const words = rawWords(line.rest, escape);
  if (!words[0]?.includes("=")) {
    const match = /^(\S+)\s+([\s\S]+)$/.exec(line.rest);
    if (!match) return failGrammar(`${kind} must have two arguments`);
    return { kind, pairs: [{ key: match[1] ?? "", value: match[2] ?? "" }], legacy: true };
  }
  const pairs = words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) return failGrammar(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    if (equals === 0) return fail(`${kind} names can not be blank`);
    return { key: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { kind, pairs, legacy: false };
}

function parseRun(reading: Reading): InstructionBody {
  const { line, flags, fail } = reading;
  const mounts = flags.list("mount");
  const network = flags.one("network") ?? "default";
  if (network !== "default" && network !== "none" && network !== "host")
    return fail(`invalid network mode "${network}"`, network);
  const security = flags.one("security") ?? "sandbox";
  if (security !== "sandbox" && security !== "insecure") return fail(`security "${security}" is not valid`, security);
  return {
    kind: "RUN",
    command: commandLine(reading),
    mounts,
    mountsFrom: mounts.flatMap((mount) => mountFrom(mount, line.range) ?? []),
    network,
    security,
    devices: flags.list("device").map((device) => parseRunDevice(device, line.range)),
  };
}

function commandLine({ line, failGrammar }: Reading): CommandLine {
  const argv = jsonForm(line.rest, failGrammar);
  return argv ? { form: "exec", argv } : { form: "shell", text: line.rest, heredocs: line.heredocs };
}

function parseVolume({ line, escape, fail, failGrammar }: Reading): InstructionBody {
  const paths = jsonForm(line.rest, failGrammar) ?? rawWords(line.rest, escape);
  if (paths.length === 0) fail(missingArgument(line.keyword));
  if (paths.some((path) => path.trim() === "")) fail("VOLUME specified can not be an empty string");
  return { kind: "VOLUME", paths };
}

function parseShell({ line, fail, failGrammar }: Reading): InstructionBody {
  const argv = jsonForm(line.rest, failGrammar);
  if (!argv) return fail(`SHELL requires the arguments to be in JSON form`);
  if (argv.length === 0) return fail("SHELL requires at least one argument");
  return { kind: "SHELL", argv };
}

function parseOnbuild({ line, fail }: Reading): InstructionBody {
  const strange = /^--[^\s=]*/.exec(line.rest)?.[0];
  if (strange) fail(`unknown flag: ${strange}`, strange);
  const trigger = /^(\w+)/.exec(line.rest)?.[1]?.toUpperCase() ?? "";
  if (trigger === "ONBUILD") fail("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === "MAINTAINER" || trigger === "FROM") fail(`${trigger} isn't allowed as an ONBUILD trigger`);
  return {
    kind: "ONBUILD",
    trigger: [line.rest, ...line.heredocs.map((doc) => `${doc.content}${doc.name}`)].join("\n"),
  };
}
