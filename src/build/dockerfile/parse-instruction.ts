import type { CommandLine, CopyOptions, InstructionBody } from "./instructions.ts";
import { Flags } from "./flags.ts";
import { parseHealthcheck } from "./healthcheck.ts";
import { jsonForm } from "./json-form.ts";
import { rawWords, type Line } from "./lex.ts";
import { parseRunMount } from "./run-mount.ts";
import { DockerfileError } from "./source.ts";

const keywords = ["ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"];
const stageName = /^[a-z][a-z0-9-_.]*$/;

/** Turns a logical line into its instruction. Throws {@link DockerfileError}. */
export function parseInstruction(line: Line, escape: string): InstructionBody {
  const fail = (message: string, near?: string): never => { throw new DockerfileError(message, line.range, near === undefined ? {} : { near }); };
  const flags = new Flags(line);
  const { keyword, rest } = line;
  if (rest === "" && keywords.includes(keyword) && keyword !== "CMD" && keyword !== "ENTRYPOINT") {
    fail(keyword === "ENV" || keyword === "LABEL" ? `${keyword} must have two arguments` : missingArgument(keyword));
  }
  const body = ((): InstructionBody => {
    switch (keyword) {
      case "FROM": return parseFrom(line, flags, fail);
      case "ARG": return { kind: "ARG", args: rawWords(rest, escape).map((word) => parseArg(word, fail)) };
      case "ENV":
      case "LABEL": return parsePairs(keyword, rest, escape, fail);
      case "RUN": {
        const rawMounts = flags.list("mount");
        const network = flags.one("network") ?? "default";
        if (network !== "default" && network !== "none" && network !== "host") return fail(`invalid network mode "${network}"`, network);
        const security = flags.one("security") ?? "sandbox";
        if (security !== "sandbox" && security !== "insecure") return fail(`security "${security}" is not valid`, security);
        return { kind: "RUN", command: commandLine(line), rawMounts, mounts: rawMounts.map((mount) => parseRunMount(mount, line.range)), network, security, devices: flags.list("device") };
      }
      case "CMD":
      case "ENTRYPOINT": return { kind: keyword, command: commandLine(line) };
      case "COPY": {
        const from = flags.one("from");
        return { kind: "COPY", ...copyOptions(line, flags, escape, fail), ...(from !== undefined && { from }) };
      }
      case "ADD": {
        const checksum = flags.one("checksum");
        const unpack = flags.optionalBool("unpack");
        return { kind: "ADD", ...copyOptions(line, flags, escape, fail), keepGitDir: flags.bool("keep-git-dir"), ...(checksum !== undefined && { checksum }), ...(unpack !== undefined && { unpack }) };
      }
      case "WORKDIR": return { kind: "WORKDIR", path: rest };
      case "USER": return { kind: "USER", user: rest };
      case "EXPOSE": return { kind: "EXPOSE", ports: rawWords(rest, escape).sort() };
      case "VOLUME": {
        const paths = jsonForm(rest) ?? rawWords(rest, escape);
        if (paths.some((path) => path.trim() === "")) fail("VOLUME specified can not be an empty string");
        return { kind: "VOLUME", paths };
      }
      case "STOPSIGNAL": {
        if (/\s/.test(rest)) fail("STOPSIGNAL requires exactly one argument");
        return { kind: "STOPSIGNAL", signal: rest };
      }
      case "SHELL": {
        const argv = jsonForm(rest);
        if (!argv) return fail(`SHELL requires the arguments to be in JSON form`);
        if (argv.length === 0) return fail("SHELL requires at least one argument");
        return { kind: "SHELL", argv };
      }
      case "HEALTHCHECK": return parseHealthcheck(line, flags, fail);
      case "ONBUILD": {
        const trigger = /^(\w+)/.exec(rest)?.[1]?.toUpperCase() ?? "";
        if (trigger === "ONBUILD") fail("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
        if (trigger === "MAINTAINER" || trigger === "FROM") fail(`${trigger} isn't allowed as an ONBUILD trigger`);
        return { kind: "ONBUILD", trigger: [rest, ...line.heredocs.map((doc) => `${doc.content}${doc.name}`)].join("\n") };
      }
      case "MAINTAINER": return { kind: "MAINTAINER", name: rest };
      default: return fail(unknownInstruction(keyword));
    }
  })();
  flags.done();
  return body;
}

function missingArgument(keyword: string): string {
  switch (keyword) {
    case "FROM": return "FROM requires either one or three arguments";
    case "RUN": return "RUN requires at least one argument";
    case "COPY": case "ADD": return `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`;
    case "ARG": case "EXPOSE": case "VOLUME": case "SHELL": case "ONBUILD": case "HEALTHCHECK": return `${keyword} requires at least one argument`;
    default: return `${keyword} requires exactly one argument`;
  }
}

function unknownInstruction(keyword: string): string {
  const near = keywords.map((known) => [known, distance(keyword, known)] as const).sort((a, b) => a[1] - b[1])[0];
  return `unknown instruction: ${keyword}${near && near[1] <= 2 ? ` (did you mean ${near[0]}?)` : ""}`;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) next.push(Math.min((row[j] ?? 0) + (left === right ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return row.at(-1) ?? 0;
}

function parseFrom(line: Line, flags: Flags, fail: (message: string) => never): InstructionBody {
  const words = line.rest.split(/\s+/);
  const platform = flags.one("platform");
  const [image = "", as, name] = words;
  if (words.length !== 1 && !(words.length === 3 && as?.toUpperCase() === "AS")) return fail("FROM requires either one argument, or three: FROM <source> [as <name>]");
  if (name !== undefined && !stageName.test(name.toLowerCase())) return fail(`invalid name for build stage: "${name}", name can't start with a number or contain symbols`);
  return { kind: "FROM", image, ...(platform !== undefined && { platform }), ...(name !== undefined && { name }) };
}

function parseArg(word: string, fail: (message: string) => never): { name: string; value?: string } {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  if (name === "") return fail("ARG names can not be blank");
  return equals < 0 ? { name } : { name, value: word.slice(equals + 1) };
}

/** `KEY=value …`, or the old `KEY value to the end of the line`. */
function parsePairs(kind: "ENV" | "LABEL", rest: string, escape: string, fail: (message: string) => never): InstructionBody {
  const words = rawWords(rest, escape);
  if (!words[0]?.includes("=")) {
    const match = /^(\S+)\s+([\s\S]+)$/.exec(rest);
    if (!match) return fail(`${kind} must have two arguments`);
    return { kind, pairs: [{ key: match[1] ?? "", value: match[2] ?? "" }], legacy: true };
  }
  const pairs = words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) return fail(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    if (equals === 0) return fail(`${kind} names can not be blank`);
    return { key: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { kind, pairs, legacy: false };
}

function commandLine(line: Line): CommandLine {
  const argv = jsonForm(line.rest);
  return argv ? { form: "exec", argv } : { form: "shell", text: line.rest, heredocs: line.heredocs };
}

function copyOptions(line: Line, flags: Flags, escape: string, fail: (message: string) => never): CopyOptions {
  const words = jsonForm(line.rest) ?? rawWords(line.rest, escape);
  const destination = words.pop();
  if (destination === undefined || words.length === 0) {
    return fail(destination === undefined ? `${line.keyword} requires at least two arguments` : missingArgument(line.keyword));
  }
  const isHeredoc = (word: string) => /^\d*<<-?[^<]+$/.test(word);
  const chown = flags.one("chown");
  const chmod = flags.one("chmod");
  return {
    sources: words.filter((word) => !isHeredoc(word)), inline: line.heredocs, destination,
    link: flags.bool("link"), parents: flags.bool("parents"), exclude: flags.list("exclude"),
    ...(chown !== undefined && { chown }), ...(chmod !== undefined && { chmod }),
  };
}
