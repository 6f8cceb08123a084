import { quote } from "../../lib/go-quote.ts";
import type { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import { own } from "../../lib/own.ts";
import { type StageVariables, Variables } from "../plan/variables.ts";
import { nearest } from "./distance.ts";
import type { Add } from "./findings.ts";
import type { Instruction } from "./instructions.ts";
import type { Range } from "./source.ts";

/** What the base image of a stage brings. */
export interface StageBase {
  /** `NAME=value`. */
  env: readonly string[];
  /** It has a SHELL of its own. */
  shell: boolean;
}

/** What a stage ends with, and those that build on it begin with. */
export interface StageEnd extends StageBase {
  variables: StageVariables;
  workdir: boolean;
  /** Its base was known: what is not set is not set. */
  known: boolean;
}

/** What the checks of a stage go by. */
export interface StageLintOptions {
  /** The file's escape character. */
  escape: string;
  buildArgs: Readonly<Record<string, string>>;
  /** Patterns of the context's ignore file, where it is known. */
  ignore: IgnorePatterns | undefined;
  /** The ARGs before the first FROM. */
  given: Variables;
  /** What the stage begins with. */
  base: StageEnd;
  add: Add;
}

type Of<Kind extends Instruction["kind"]> = Extract<Instruction, { kind: Kind }>;

const secretWords = /(^|_)(apikey|auth|credentials?|key|password|pword|passwd|secret|token)(_|$)/i;
const publicWords = /(^|_)public(_|$)/i;

/** Checks a stage's instructions, in small parts. */
export function* stageChecks(
  instructions: readonly Instruction[],
  options: StageLintOptions,
): Generator<void, StageEnd> {
  const lint = new StageLint(options);
  for (const instruction of instructions) {
    yield;
    lint.check(instruction);
  }
  return lint.end();
}

class StageLint {
  readonly #variables: Variables;
  readonly #add: Add;
  /** Variables without a value in the text that was expanded last. */
  #unset: string[] = [];
  #shell: boolean;
  #workdir: boolean;
  /** Where the last CMD, ENTRYPOINT and HEALTHCHECK are. */
  readonly #seen = new Map<string, Range>();

  constructor(private readonly options: StageLintOptions) {
    const { escape, base, add } = options;
    this.#variables = new Variables(
      escape,
      base.env.some((entry) => entry.startsWith("PATH=")) ? base.env : ["PATH=", ...base.env],
      (name) => this.#unset.push(name),
    );
    this.#variables.inherit(base.variables);
    this.#shell = base.shell;
    this.#workdir = base.workdir;
    this.#add = add;
  }

  end(): StageEnd {
    return {
      env: this.#variables.env(),
      variables: this.#variables.handOn(),
      shell: this.#shell,
      workdir: this.#workdir,
      known: this.options.base.known,
    };
  }

  check(instruction: Instruction): void {
    const { range } = instruction;
    switch (instruction.kind) {
      case "ARG":
        return this.#arg(instruction);
      case "ENV":
      case "LABEL":
        return this.#pairs(instruction);
      case "MAINTAINER":
        return this.#add("MaintainerDeprecated", "Maintainer instruction is deprecated in favor of using label", range);
      case "SHELL":
        this.#shell = true;
        return;
      case "CMD":
      case "ENTRYPOINT":
      case "HEALTHCHECK":
        return this.#once(instruction);
      case "WORKDIR":
        return this.#workingFolder(instruction);
      case "USER":
        return void this.#expand(instruction.user, range);
      case "STOPSIGNAL":
        return void this.#expand(instruction.signal, range);
      case "VOLUME":
        for (const path of instruction.paths) this.#expand(path, range);
        return;
      case "RUN":
        for (const mount of instruction.mounts) this.#expand(mount, range);
        return;
      case "EXPOSE":
        return this.#expose(instruction);
      case "COPY":
      case "ADD":
        return this.#copy(instruction);
    }
  }

  /** Tells of variables that nobody set. `raw`: quotes stay. What cannot be expanded is told when it is done. */
  #expand(text: string, range: Range, raw = false): string {
    this.#unset = [];
    let value = "";
    try {
      value = this.#variables.expand(text, range, raw ? { keepQuotes: true, escape: "\\" } : {});
    } catch {
      /* told when it is done */
    }
    for (const name of new Set(this.#unset)) {
      if (!this.options.base.known || this.#variables.declared(name)) continue;
      const near = nearest(name, this.#variables.names());
      const hint = near ? ` (did you mean $${near}?)` : "";
      this.#add("UndefinedVar", `Usage of undefined variable '$${name}'${hint}`, range);
    }
    return value;
  }

  #arg({ args, range }: Of<"ARG">): void {
    const { buildArgs, given } = this.options;
    for (const { name, value } of args) {
      this.#secretName(name, "ARG", range);
      this.#variables.setArg(
        name,
        own(buildArgs, name) ?? (value === undefined ? given.lookup(name) : this.#expand(value, range)),
      );
    }
  }

  #pairs({ kind, legacy, pairs, range }: Of<"ENV" | "LABEL">): void {
    const expanded = pairs.map(({ key, value }) => ({
      key: this.#expand(key, range),
      value: this.#expand(value, range),
    }));
    if (legacy)
      this.#add(
        "LegacyKeyValueFormat",
        `"${kind} key=value" should be used instead of legacy "${kind} key value" format`,
        range,
      );
    if (kind === "LABEL") return;
    for (const { key, value } of expanded) {
      this.#secretName(key, "ENV", range);
      this.#variables.setEnv(key, value);
    }
  }

  #secretName(name: string, kind: string, range: Range): void {
    if (!secretWords.test(name) || publicWords.test(name)) return;
    const message = `Do not use ARG or ENV instructions for sensitive data (${kind} "${name}")`;
    this.#add("SecretsUsedInArgOrEnv", message, range);
  }

  /** Instructions of which a stage has one: of several the last counts. */
  #once(instruction: Of<"CMD" | "ENTRYPOINT" | "HEALTHCHECK">): void {
    const { kind, range } = instruction;
    // What came before is what will not be used.
    const before = this.#seen.get(kind);
    if (before)
      this.#add(
        "MultipleInstructionsDisallowed",
        `Multiple ${kind} instructions should not be used in the same stage because only the last one will be used`,
        before,
      );
    this.#seen.set(kind, range);
    if (instruction.kind !== "HEALTHCHECK" && instruction.command.form === "shell" && !this.#shell) {
      this.#add(
        "JSONArgsRecommended",
        `JSON arguments recommended for ${kind} to prevent unintended behavior related to OS signals`,
        range,
      );
    }
  }

  #workingFolder({ path: text, range }: Of<"WORKDIR">): void {
    const path = this.#expand(text, range);
    if (!this.#workdir && !path.startsWith("/"))
      this.#add(
        "WorkdirRelativePath",
        `Relative workdir ${quote(path)} can have unexpected results if the base image changes`,
        range,
      );
    this.#workdir = true;
  }

  #expose({ ports, range }: Of<"EXPOSE">): void {
    for (const port of ports.flatMap((text) => this.#words(text, range))) {
      if (/\/.*[A-Z]/.test(port))
        this.#add("ExposeProtoCasing", `Defined protocol '${port}' in EXPOSE instruction should be lowercase`, range);
      if (/[^:].*:/.test(port))
        this.#add(
          "ExposeInvalidFormat",
          `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
          range,
        );
    }
  }

  #words(text: string, range: Range): string[] {
    try {
      return this.#variables.words(text, range);
    } catch {
      return [];
    }
  }

  #copy(instruction: Of<"COPY" | "ADD">): void {
    const { chown, chmod, exclude, range } = instruction;
    for (const flag of [chown, chmod, ...exclude]) if (flag) this.#expand(flag, range);
    const sources = instruction.sources.map((source) => this.#expand(source, range));
    this.#expand(instruction.destination, range);
    for (const doc of instruction.inline) if (doc.expand) this.#expand(doc.content, range, true);
    if (!("from" in instruction && instruction.from)) this.#ignored(instruction, sources);
  }

  #ignored({ kind, range }: Instruction, sources: readonly string[]): void {
    for (const source of sources) {
      const path = source.replace(/^\.?\/+/, "").replace(/\/+$/, "");
      if (/^https?:/.test(source) || !this.options.ignore?.ignores(path)) continue;
      this.#add(
        "CopyIgnoredFile",
        `Attempting to ${kind === "COPY" ? "Copy" : "Add"} file "${source}" that is excluded by .dockerignore`,
        range,
      );
    }
  }
}
