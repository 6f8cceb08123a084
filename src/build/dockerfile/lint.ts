import { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import type { Dockerfile, Instruction } from "./instructions.ts";
import { rawWords } from "./lex.ts";
import type { Range } from "./source.ts";

export interface Finding {
  /** BuildKit's name of the rule. */
  rule: string;
  message: string;
  range: Range;
}

export interface LintOptions {
  buildArgs: Readonly<Record<string, string>>;
  /** Patterns of the context's ignore file, where it is known. */
  ignore?: IgnorePatterns;
  /** Names that the environment of a stage's base image has; undefined where that is not known. */
  environment?: (stage: number) => readonly string[] | undefined;
}

const reservedStageNames = new Set(["context", "scratch"]);
const secretWords = /(^|_)(apikey|auth|credentials?|key|passwd|password|pword|secret|token)($|_)/i;
const publicWords = /(^|_)(public|id)($|_)/i;
const automaticArgs = new Set(["BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT", "TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE"]);
const shellVariables = new Set(["PATH", "HOME", "HOSTNAME", "TERM", "PWD"]);

/** BuildKit's checks on a Dockerfile, in the order of the file. */
export function lint(dockerfile: Dockerfile, options: LintOptions): Finding[] {
  const findings: Finding[] = [...dockerfile.warnings];
  const add = (rule: string, message: string, range: Range) => findings.push({ rule, message, range });
  const globalArgs = new Set(dockerfile.globalArgs.flatMap((each) => each.args.map((arg) => arg.name)));
  casing(dockerfile, add);

  /** What a stage hands on to those that build on it; undefined where it is not known whole. */
  const handedOn = new Map<string, ReadonlySet<string> | undefined>();
  for (const stage of dockerfile.stages) {
    const { from } = stage;
    if (from.name && from.name !== from.name.toLowerCase()) add("StageNameCasing", `Stage name '${from.name}' should be lowercase`, from.range);
    if (from.name && reservedStageNames.has(from.name.toLowerCase())) add("ReservedStageName", `Stage name should not use the same name as reserved stage "${from.name}"`, from.range);
    const [keyword = "", as = ""] = [/^\S+/.exec(from.text)?.[0] ?? "", / (as) /i.exec(from.text)?.[1] ?? ""];
    if (as && isUpper(keyword) !== isUpper(as)) add("FromAsCasing", `'${as}' and '${keyword}' keywords' casing do not match`, from.range);
    for (const name of variablesIn(`${from.image} ${from.platform ?? ""}`)) {
      if (!globalArgs.has(name) && !automaticArgs.has(name)) add("UndefinedArgInFrom", `FROM argument '${name}' is not declared`, from.range);
    }
    if (from.platform === "$TARGETPLATFORM" || from.platform === "${TARGETPLATFORM}") {
      add("RedundantTargetPlatform", `Setting platform to predefined ${from.platform} in FROM is redundant as this is the default behavior`, from.range);
    } else if (from.platform && !from.platform.includes("$")) {
      add("FromPlatformFlagConstDisallowed", `FROM --platform flag should not use constant value "${from.platform}"`, from.range);
    }
    const args = new Map(dockerfile.globalArgs.flatMap((each) => each.args.map((arg) => [arg.name, arg.value] as const)));
    const unset = variablesIn(from.image).filter((name) => globalArgs.has(name) && args.get(name) === undefined && options.buildArgs[name] === undefined);
    if (unset.length > 0) add("InvalidDefaultArgInFrom", `Default value for ARG ${from.image} results in empty or invalid base image name`, from.range);
    const inherited = handedOn.has(from.image.toLowerCase()) ? handedOn.get(from.image.toLowerCase()) : environmentOf(stage.index, options);
    const known = stageChecks(stage.instructions, options, inherited, add);
    if (stage.name) handedOn.set(stage.name, inherited && known);
  }
  return findings.sort((a, b) => a.range.start - b.range.start);
}

function environmentOf(stage: number, { environment }: LintOptions): ReadonlySet<string> | undefined {
  const names = environment ? environment(stage) : [];
  return names && new Set(names);
}

/** `inherited`: variables that the stage begins with; where they are not known nothing is called undefined. Returns those that it ends with. */
function stageChecks(instructions: readonly Instruction[], options: LintOptions, inherited: ReadonlySet<string> | undefined, add: (rule: string, message: string, range: Range) => void): ReadonlySet<string> {
  const known = new Set([...automaticArgs, ...shellVariables, ...(inherited ?? [])]);
  const seen = new Map<string, number>();
  let absoluteWorkdir = false;
  for (const instruction of instructions) {
    const { range } = instruction;
    for (const name of variablesUsed(instruction)) {
      if (inherited && !known.has(name)) add("UndefinedVar", `Usage of undefined variable '$${name}'${suggestion(name, known)}`, range);
    }
    switch (instruction.kind) {
      case "ARG":
        for (const { name } of instruction.args) {
          known.add(name);
          secretName(name, "ARG", range, add);
        }
        break;
      case "ENV":
        if (instruction.legacy) add("LegacyKeyValueFormat", '"ENV key=value" should be used instead of legacy "ENV key value" format', range);
        for (const { key } of instruction.pairs) {
          known.add(key);
          secretName(key, "ENV", range, add);
        }
        break;
      case "LABEL":
        if (instruction.legacy) add("LegacyKeyValueFormat", '"LABEL key=value" should be used instead of legacy "LABEL key value" format', range);
        break;
      case "MAINTAINER":
        add("MaintainerDeprecated", "Maintainer instruction is deprecated in favor of using label", range);
        break;
      case "CMD":
      case "ENTRYPOINT":
      case "HEALTHCHECK": {
        seen.set(instruction.kind, (seen.get(instruction.kind) ?? 0) + 1);
        if (seen.get(instruction.kind) === 2) {
          for (const each of instructions.filter((other) => other.kind === instruction.kind).slice(0, -1)) {
            add("MultipleInstructionsDisallowed", `Multiple ${instruction.kind} instructions should not be used in the same stage because only the last one will be used`, each.range);
          }
        }
        if (instruction.kind !== "HEALTHCHECK" && instruction.command.form === "shell" && !instructions.some((each) => each.kind === "SHELL")) {
          add("JSONArgsRecommended", `JSON arguments recommended for ${instruction.kind} to prevent unintended behavior related to OS signals`, range);
        }
        break;
      }
      case "WORKDIR":
        if (instruction.path.startsWith("/") || instruction.path.startsWith("$")) absoluteWorkdir = true;
        else if (!absoluteWorkdir) add("WorkdirRelativePath", `Relative workdir "${instruction.path}" can have unexpected results if the base image changes`, range);
        break;
      case "EXPOSE":
        for (const port of instruction.ports) {
          if (/\/.*[A-Z]/.test(port)) add("ExposeProtoCasing", `Defined protocol '${port}' in EXPOSE instruction should be lowercase`, range);
          if (/^[^$]*:/.test(port)) add("ExposeInvalidFormat", `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`, range);
        }
        break;
      case "COPY":
      case "ADD":
        if (options.ignore && !("from" in instruction && instruction.from)) {
          for (const source of instruction.sources) {
            if (!/[*?[$]/.test(source) && !/^https?:/.test(source) && options.ignore.ignores(source.replace(/^\.?\/+/, "").replace(/\/+$/, ""))) {
              add("CopyIgnoredFile", `Attempting to ${instruction.kind === "COPY" ? "Copy" : "Add"} file "${source}" that is excluded by .dockerignore`, range);
            }
          }
        }
        break;
    }
  }
  return known;
}

function casing(dockerfile: Dockerfile, add: (rule: string, message: string, range: Range) => void): void {
  const all = [...dockerfile.globalArgs, ...dockerfile.stages.flatMap((stage) => [stage.from, ...stage.instructions])];
  const words = all.map((each) => ({ word: /^\S+/.exec(each.text)?.[0] ?? "", range: each.range }));
  const upper = words.filter(({ word }) => isUpper(word)).length;
  const wantUpper = upper * 2 >= words.length;
  for (const { word, range } of words) {
    if (wantUpper ? !isUpper(word) : word !== word.toLowerCase()) {
      add("ConsistentInstructionCasing", `Command '${word}' should match the case of the command majority (${wantUpper ? "uppercase" : "lowercase"})`, range);
    }
  }
}

const isUpper = (word: string) => word === word.toUpperCase();

function secretName(name: string, kind: string, range: Range, add: (rule: string, message: string, range: Range) => void): void {
  if (secretWords.test(name) && !publicWords.test(name)) add("SecretsUsedInArgOrEnv", `Do not use ARG or ENV instructions for sensitive data (${kind} "${name}")`, range);
}

/** Names of variables in a text, but for those with a value of their own for "unset". */
function variablesIn(text: string): string[] {
  return [...text.matchAll(/(?<!\\)\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?([-+?]))?)/g)].flatMap(([, plain, braced, operator]) => {
    const name = plain ?? braced;
    return name === undefined || operator !== undefined ? [] : [name];
  });
}

/** Variables that the builder itself expands in an instruction; a RUN's belong to its shell. */
function variablesUsed(instruction: Instruction): string[] {
  switch (instruction.kind) {
    case "COPY":
    case "ADD": return variablesIn(rawWords(instruction.text, "\\").slice(1).join(" "));
    case "WORKDIR": return variablesIn(instruction.path);
    case "USER": return variablesIn(instruction.user);
    case "EXPOSE": return variablesIn(instruction.ports.join(" "));
    case "STOPSIGNAL": return variablesIn(instruction.signal);
    case "VOLUME": return variablesIn(instruction.paths.join(" "));
    case "ENV":
    case "LABEL": return variablesIn(instruction.pairs.map((pair) => pair.value.replace(/'[^']*'/g, "")).join(" "));
    case "ARG": return variablesIn(instruction.args.map((arg) => arg.value ?? "").join(" "));
    default: return [];
  }
}

/** A known name that differs by a letter or two. */
function suggestion(name: string, known: ReadonlySet<string>): string {
  const near = [...known].find((each) => Math.abs(each.length - name.length) <= 1 && each !== name && different(each, name) <= 2);
  return near ? ` (did you mean $${near}?)` : "";
}

function different(a: string, b: string): number {
  let count = Math.abs(a.length - b.length);
  for (let index = 0; index < Math.min(a.length, b.length); index++) if (a[index] !== b[index]) count++;
  return count;
}
