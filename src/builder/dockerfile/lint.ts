import type { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import { own } from "../../lib/own.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { parseReference } from "../../oci/reference.ts";
import { noVariables, platformArgs, Variables } from "../plan/variables.ts";
import { nearest } from "./distance.ts";
import type { Add, Finding } from "./findings.ts";
import type { Dockerfile, Stage } from "./instructions.ts";
import { type StageBase, type StageEnd, stageChecks } from "./lint-stage.ts";
import type { Range } from "./source.ts";

/** What the checks know besides the Dockerfile. */
export interface LintOptions {
  buildArgs: Readonly<Record<string, string>>;
  /** Patterns of the context's ignore file, where it is known. */
  ignore?: IgnorePatterns;
  /** What a stage's base image brings; undefined where that is not known. */
  base?: (stage: number) => StageBase | undefined;
}

const reservedStageNames = new Set(["context", "scratch"]);
const beginning: StageEnd = { env: [], shell: false, variables: noVariables, workdir: false, known: true };

/**
 * BuildKit's checks on a Dockerfile, in small parts; findings as BuildKit comes upon them: on reading the lines, on
 * looking at all of them, then from stage to stage.
 */
export function* lint(dockerfile: Dockerfile, options: LintOptions): Generator<void, Finding[]> {
  const findings: Finding[] = [...dockerfile.warnings];
  const add: Add = (rule, message, range) => findings.push({ rule, message, range });
  casing(dockerfile, add);
  const [given, byDefault] = [globals(dockerfile, options.buildArgs), globals(dockerfile, {})];
  const ends = new Map<string, StageEnd>();
  for (const stage of dockerfile.stages) {
    yield;
    fromChecks(stage, dockerfile, given, byDefault, add);
    const known = options.base ? options.base(stage.index) : beginning;
    const base = ends.get(stage.from.image.toLowerCase()) ?? { ...beginning, ...known, known: known !== undefined };
    const { escape } = dockerfile;
    const { buildArgs, ignore } = options;
    const end = yield* stageChecks(stage.instructions, { escape, buildArgs, ignore, given, base, add });
    if (stage.name) ends.set(stage.name, end);
  }
  return findings.sort((a, b) => turnOf(a) - turnOf(b) || a.range.start - b.range.start);
}

/** Rules by when they are looked at; all others come after these. */
const turns = [
  ["NoEmptyContinuation"],
  ["StageNameCasing", "FromAsCasing", "MaintainerDeprecated", "InvalidDefinitionDescription"],
  ["ConsistentInstructionCasing"],
  ["DuplicateStageName", "ReservedStageName"],
  ["InvalidDefaultArgInFrom"],
  ["UndefinedArgInFrom", "RedundantTargetPlatform", "FromPlatformFlagConstDisallowed"],
];

function turnOf({ rule }: Finding): number {
  const turn = turns.findIndex((rules) => rules.includes(rule));
  return turn < 0 ? turns.length : turn;
}

/** What the ARGs before the first FROM come to. */
function globals({ globalArgs, escape }: Dockerfile, buildArgs: LintOptions["buildArgs"]): Variables {
  const variables = new Variables(escape, []);
  for (const [name, value] of Object.entries(platformArgs(hostPlatform(), hostPlatform(), "")))
    variables.setArg(name, value);
  for (const { args, range } of globalArgs) {
    for (const { name, value } of args)
      variables.setArg(
        name,
        own(buildArgs, name) ?? (value === undefined ? undefined : expanded(variables, value, range)),
      );
  }
  return variables;
}

/** What cannot be expanded is told when it is done, not here. */
function expanded(variables: Variables, text: string, range: Range): string {
  try {
    return variables.expand(text, range);
  } catch {
    return "";
  }
}

function fromChecks({ from }: Stage, { escape }: Dockerfile, given: Variables, byDefault: Variables, add: Add): void {
  const { range, image, platform } = from;
  if (from.name && from.name !== from.name.toLowerCase())
    add("StageNameCasing", `Stage name '${from.name}' should be lowercase`, range);
  if (from.name && reservedStageNames.has(from.name.toLowerCase()))
    add(
      "ReservedStageName",
      `Stage name should not use the same name as reserved stage "${from.name.toLowerCase()}"`,
      range,
    );
  const [keyword = "", as = ""] = [/^\S+/.exec(from.text)?.[0] ?? "", / (as) /i.exec(from.text)?.[1] ?? ""];
  if (as && isUpper(keyword) !== isUpper(as))
    add("FromAsCasing", `'${as}' and '${keyword}' keywords' casing do not match`, range);
  const unset: string[] = [];
  const told = new Variables(escape, given.all(), (name) => unset.push(name));
  for (const text of [image, platform ?? ""]) expanded(told, text, range);
  for (const name of unset.filter((each) => !given.declared(each))) {
    const near = nearest(name, given.names());
    add(
      "UndefinedArgInFrom",
      `FROM argument '${name}' is not declared${near ? ` (did you mean ${near}?)` : ""}`,
      range,
    );
  }
  if (platform === "$TARGETPLATFORM" || platform === "${TARGETPLATFORM}") {
    add(
      "RedundantTargetPlatform",
      `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`,
      range,
    );
  } else if (platform && !platform.includes("$")) {
    // A stage that is named after its platform is for that one.
    const parts = platform.split("/").slice(0, 2);
    if (!parts.some((part) => from.name?.toLowerCase().includes(part)))
      add("FromPlatformFlagConstDisallowed", `FROM --platform flag should not use constant value "${platform}"`, range);
  }
  if (!isImageName(expanded(byDefault, image, range)))
    add("InvalidDefaultArgInFrom", `Default value for ARG ${image} results in empty or invalid base image name`, range);
}

function isImageName(name: string): boolean {
  try {
    parseReference(name);
    return true;
  } catch {
    return false;
  }
}

function casing(dockerfile: Dockerfile, add: Add): void {
  const all = [...dockerfile.globalArgs, ...dockerfile.stages.flatMap((stage) => [stage.from, ...stage.instructions])];
  const words = all.map((each) => ({ word: /^\S+/.exec(each.text)?.[0] ?? "", range: each.range }));
  const upper = words.filter(({ word }) => isUpper(word)).length;
  const wantUpper = upper * 2 >= words.length;
  for (const { word, range } of words) {
    if (wantUpper ? !isUpper(word) : word !== word.toLowerCase()) {
      add(
        "ConsistentInstructionCasing",
        `Command '${word}' should match the case of the command majority (${wantUpper ? "uppercase" : "lowercase"})`,
        range,
      );
    }
  }
}

const isUpper = (word: string) => word === word.toUpperCase();
