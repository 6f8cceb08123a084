import { expect, test } from "bun:test";
import { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import { lint } from "./lint.ts";
import { parseDockerfile } from "./parse.ts";

const rules = (text: string, ignore?: string[]) => lint(parseDockerfile(text), { buildArgs: {}, ...(ignore && { ignore: new IgnorePatterns(ignore) }) }).map((each) => `${each.rule}:${each.range.start}`);

test.each([
  ["FROM a AS Up", ["StageNameCasing:1"]],
  ["FROM a as x", ["FromAsCasing:1"]],
  ["FROM a AS x\nFROM b AS x", ["DuplicateStageName:2"]],
  ["FROM a AS scratch", ["ReservedStageName:1"]],
  ["FROM $NOPE", ["UndefinedArgInFrom:1"]],
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
  ["FROM a\nARG SRC\nCOPY $SRC ${OTHER:-x} /x", []],
  ["FROM a\nRUN echo $anything", []],
  ["FROM a\nrun x", ["ConsistentInstructionCasing:2"]],
  ["FROM a\nEXPOSE 80/TCP", ["ExposeProtoCasing:2"]],
  ["FROM a\nEXPOSE 8080:80", ["ExposeInvalidFormat:2"]],
  ["FROM a\nRUN x \\\n\n  y", ["NoEmptyContinuation:2"]],
] as [string, string[]][])("%j", (text, expected) => {
  expect(rules(text)).toEqual(expected);
});

test("what the ignore file hides cannot be copied", () => {
  expect(rules("FROM a\nCOPY secret.txt ./src /x", ["secret.txt"])).toEqual(["CopyIgnoredFile:2"]);
});
