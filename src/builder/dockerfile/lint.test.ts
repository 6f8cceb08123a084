import { expect, test } from "bun:test";
import { atOnce } from "../../lib/breath.ts";
import { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import { lint } from "./lint.ts";
import type { StageBase } from "./lint-stage.ts";
import { parseDockerfile } from "./parse.ts";

const rules = (text: string, ignore?: string[]) =>
  atOnce(
    lint(atOnce(parseDockerfile(text)), { buildArgs: {}, ...(ignore && { ignore: new IgnorePatterns(ignore) }) }),
  ).map((each) => `${each.rule}:${each.range.start}`);

test.each([
  ["FROM a AS Up", ["StageNameCasing:1"]],
  ["FROM a as x", ["FromAsCasing:1"]],
  ["FROM a AS x\nFROM b AS x", ["DuplicateStageName:2"]],
  ["FROM a AS scratch", ["ReservedStageName:1"]],
  ["FROM $NOPE", ["InvalidDefaultArgInFrom:1", "UndefinedArgInFrom:1"]],
  ["ARG TAG\nFROM a:$TAG", ["InvalidDefaultArgInFrom:2"]],
  ["ARG TAG=1\nFROM a:$TAG", []],
  ["FROM --platform=linux/arm64 a", ["FromPlatformFlagConstDisallowed:1"]],
  ["FROM --platform=$TARGETPLATFORM a", ["RedundantTargetPlatform:1"]],
  ["FROM a\nMAINTAINER me", ["MaintainerDeprecated:2"]],
  ["FROM a\nCMD run this", ["JSONArgsRecommended:2"]],
  ['FROM a\nCMD ["run"]\nCMD ["that"]', ["MultipleInstructionsDisallowed:2"]],
  ["FROM a\nENV name value", ["LegacyKeyValueFormat:2"]],
  ["FROM a\nARG API_TOKEN", ["SecretsUsedInArgOrEnv:2"]],
  ["FROM a\nENV PUBLIC_KEY=x", []],
  ["FROM a\nWORKDIR app", ["WorkdirRelativePath:2"]],
  ["FROM a\nCOPY $SRC /x", ["UndefinedVar:2"]],
  ["FROM a\nARG SRC\nCOPY $SRC ${OTHER:-x} /x", ["UndefinedVar:3"]],
  ["FROM a\nRUN echo $anything", []],
  ["FROM a\nrun x", ["ConsistentInstructionCasing:2"]],
  ["FROM a\nEXPOSE 80/TCP", ["ExposeProtoCasing:2"]],
  ["FROM a\nEXPOSE 8080:80", ["ExposeInvalidFormat:2"]],
  ["FROM a\nRUN x \\\n\n  y", ["NoEmptyContinuation:4"]],
  ["ARG VARIANT\nFROM a:stable${VARIANT}", []],
  ["ARG T\nFROM a:${T:-latest}", []],
  ["FROM a AS b\nWORKDIR /app\nFROM b\nWORKDIR x\nFROM a\nWORKDIR y\nWORKDIR z", ["WorkdirRelativePath:6"]],
  ['FROM a\nWORKDIR "/quoted"', []],
  ["FROM a\nARG W=x\nWORKDIR $W", ["WorkdirRelativePath:3"]],
  ['FROM a AS b\nSHELL ["sh", "-c"]\nFROM b\nCMD x', []],
  ['FROM a\nCMD x\nSHELL ["sh", "-c"]', ["JSONArgsRecommended:2"]],
  ["FROM --platform=linux/amd64 a AS build-amd64", []],
  ["FROM a\nENV AWS_ACCESS_KEY_ID=x AUTHOR=x KEYS=1", ["SecretsUsedInArgOrEnv:2"]],
  ["FROM a\nENV A=${X:-y} B='$z'", ["UndefinedVar:2"]],
  ["FROM a\nARG Q=1\nENV A=$Q\nFROM a\nENV A=$Q", ["UndefinedVar:5"]],
  ["FROM a\nENV A=$HOME$PATH", ["UndefinedVar:2"]],
  ["FROM a\nRUN --mount=type=cache,target=$M true", ["UndefinedVar:2"]],
  ["FROM a\nCOPY <<E /x\n$u\nE\nCOPY <<'E' /y\n$v\nE", ["UndefinedVar:2"]],
  ["FROM a\nARG P=80:80\nEXPOSE $P", ["ExposeInvalidFormat:3"]],
  ["# foo bar\nARG foo=1\n# nope\n\nARG baz=1\n# x\n#\nFROM a AS b", ["InvalidDefinitionDescription:5"]],
] as [string, string[]][])("%j", (text, expected) => {
  expect(rules(text)).toEqual(expected);
});

test("what is near is told", () => {
  const [finding] = atOnce(lint(atOnce(parseDockerfile("FROM a\nENV COLOUR=1\nENV B=$COLOR")), { buildArgs: {} }));
  expect(finding?.message).toBe("Usage of undefined variable '$COLOR' (did you mean $COLOUR?)");
});

test("of a base that is not known nothing is said to be undefined; of one that is, its variables are there", () => {
  const of = (base: StageBase | undefined) =>
    atOnce(lint(atOnce(parseDockerfile("FROM a\nENV B=$A\nCMD x")), { buildArgs: {}, base: () => base })).map(
      ({ rule }) => rule,
    );
  expect(of(undefined)).toEqual(["JSONArgsRecommended"]);
  expect(of({ env: ["A=1"], shell: true })).toEqual([]);
  expect(of({ env: [], shell: true })).toEqual(["UndefinedVar"]);
});

test("what the ignore file hides cannot be copied", () => {
  expect(rules("FROM a\nCOPY secret.txt ./src *.log /x\nCOPY --from=a secret.txt /y", ["secret.txt", "*.log"])).toEqual(
    ["CopyIgnoredFile:2", "CopyIgnoredFile:2"],
  );
});
