import { expect, test } from "bun:test";
import { atOnce } from "../../lib/breath.ts";
import { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import { parseDockerfile } from "./parse.ts";
import { DockerfileError, explain } from "./source.ts";

const only = (line: string) => atOnce(parseDockerfile(`FROM scratch\n${line}`)).stages[0]?.instructions[0];

test("stages, names, platforms and global arguments", () => {
  const file = atOnce(
    parseDockerfile(
      "# syntax=docker/dockerfile:1\nARG V=1 W\nFROM --platform=$BUILDPLATFORM debian:$V AS Build\nRUN true\n\n" +
        "FROM scratch\nCOPY --from=build /a /b",
    ),
  );
  expect(file.directives.get("syntax")?.value).toBe("docker/dockerfile:1");
  expect(file.globalArgs.map((arg) => arg.args)).toEqual([[{ name: "V", value: "1" }, { name: "W" }]]);
  expect(file.stages.map((stage) => [stage.name, stage.from.image, stage.from.platform])).toEqual([
    ["build", "debian:$V", "$BUILDPLATFORM"],
    [undefined, "scratch", undefined],
  ]);
  expect(file.stages[1]?.instructions[0]).toMatchObject({
    kind: "COPY",
    from: "build",
    sources: ["/a"],
    destination: "/b",
  });
});

test("continuations drop comments and empty lines, and keep what stands in front", () => {
  expect(only("RUN a && \\\n  # why\n\n  b")).toMatchObject({
    kind: "RUN",
    command: { form: "shell", text: "a &&   b" },
    range: { start: 2, end: 5 },
  });
  expect(atOnce(parseDockerfile("# escape=`\nFROM scratch\nRUN a `\n b\\")).stages[0]?.instructions[0]).toMatchObject({
    command: { text: "a  b\\" },
  });
});

test("here-documents: content, cut tabs, literal names, two on one line", () => {
  expect(only("RUN <<EOF\necho $x\nEOF\n")).toMatchObject({
    command: { heredocs: [{ name: "EOF", expand: true, content: "echo $x\n" }] },
  });
  expect(only("COPY <<-'A' <<B /dest/\n\tone\nA\ntwo\nB\n")).toMatchObject({
    kind: "COPY",
    sources: [],
    destination: "/dest/",
    inline: [
      { name: "A", chomp: true, expand: false, content: "\tone\n" },
      { name: "B", content: "two\n" },
    ],
  });
  expect(() => only("RUN <<EOF\nnever ends")).toThrow("unterminated heredoc");
});

test.each([
  ['CMD ["a", "b"]', { command: { form: "exec", argv: ["a", "b"] } }],
  ["CMD [a, b]", { command: { form: "shell", text: "[a, b]" } }],
  [
    "ENV a=1 b='x y' c=\"z\"",
    {
      pairs: [
        { key: "a", value: "1" },
        { key: "b", value: "'x y'" },
        { key: "c", value: '"z"' },
      ],
      legacy: false,
    },
  ],
  ["ENV key some value", { pairs: [{ key: "key", value: "some value" }], legacy: true }],
  [
    "HEALTHCHECK --interval=1m30s --retries=2 CMD curl x",
    { check: { Test: ["CMD-SHELL", "curl x"], Interval: 90e9, Retries: 2 } },
  ],
  [
    "RUN --mount=type=cache,target=/c,sharing=locked --network=none make",
    { mounts: ["type=cache,target=/c,sharing=locked"], mountsFrom: [], network: "none" },
  ],
  ["RUN --mount=type=secret,id=k,env=K,required=true true", { mounts: ["type=secret,id=k,env=K,required=true"] }],
  [
    "COPY --chown=1:2 --chmod=0644 --link --exclude=*.o --exclude=*.a . /x",
    { chown: "1:2", chmod: "0644", link: true, exclude: ["*.o", "*.a"] },
  ],
  ["VOLUME /a /b", { paths: ["/a", "/b"] }],
  ["ONBUILD RUN make", { trigger: "RUN make" }],
])("%s", (line, expected) => {
  expect(only(line)).toMatchObject(expected);
});

test.each([
  ["RUM x", "unknown instruction: RUM (did you mean RUN?)"],
  ["COPY a", "COPY requires at least two arguments"],
  ["COPY --frm=x a b", "unknown flag: --frm"],
  ["RUN --mount=from=$x,target=/y x", "'from' doesn't support variable expansion"],
  ["ONBUILD ONBUILD RUN x", "Chaining ONBUILD"],
  ["ONBUILD FROM x", "FROM isn't allowed"],
  ["Rn x", "unknown instruction: Rn (did you mean run?)"],
  ["ENTRYPOIN x", "unknown instruction: ENTRYPOIN (did you mean ENTRYPOINT?)"],
  ["ENVIRONMENT a=b", /unknown instruction: ENVIRONMENT$/],
  ["RUN --mont=type=cache,target=/x x", "unknown flag: --mont (did you mean mount?)"],
  ["COPY --chwon=1 a b", "unknown flag: --chwon (did you mean chown?)"],
  ["ADD --from=x a b", /unknown flag: --from$/],
  ["RUN --MONT=x x", /unknown flag: --MONT$/],
  ["FROM --platfrm=a b", "unknown flag: --platfrm (did you mean platform?)"],
  ["HEALTHCHECK --start-perod=3s CMD x", "unknown flag: --start-perod (did you mean start-period?)"],
  ["ONBUILD --x RUN a", /unknown flag: --x$/],
  ["RUN --mount x", "missing a value on flag: --mount"],
  ["COPY --link= a b", "missing a value on flag: --link"],
  ["COPY --link=1 a b", "expecting boolean value for flag --link, not: 1"],
  ["COPY --from=a --from=b c d", "duplicate flag specified: --from"],
  ["ENV", "ENV requires at least one argument"],
  ["LABEL", "LABEL requires at least one argument"],
  ["VOLUME []", "VOLUME requires at least one argument"],
  ["HEALTHCHECK --interval=3 CMD x", 'time: missing unit in duration "3"'],
  ["HEALTHCHECK --interval=3x CMD x", 'time: unknown unit "x" in duration "3x"'],
  ["HEALTHCHECK --interval=-3s CMD x", 'Interval "interval" cannot be less than 1ms'],
  ["SHELL /bin/sh", "JSON form"],
  ["RUN --network=moon x", "invalid network mode"],
  ["FROM a as 1x", "invalid name for build stage"],
])("%s is refused: %s", (line, reason) => {
  try {
    only(line);
    throw new Error("was accepted");
  } catch (error) {
    expect(error).toBeInstanceOf(DockerfileError);
    if (!(error instanceof DockerfileError)) throw error;
    expect(error.message).toStartWith("dockerfile parse error on line 2: ");
    expect(error.message).toMatch(reason);
    expect(error.range.start).toBe(2);
    expect(explain(error, "Dockerfile", `FROM scratch\n${line}`)).toContain(`>>> ${line}`);
  }
});

test("what is wrong with the form of the file is told as it is", () => {
  expect(() => atOnce(parseDockerfile("RUN x\nFROM a"))).toThrow("no build stage in current context");
  expect(() => atOnce(parseDockerfile("# nothing\n"))).toThrow("file with no instructions");
  expect(() => atOnce(parseDockerfile("ARG a\n"))).toThrow("dockerfile contains no stages to build");
  expect(() => atOnce(parseDockerfile(""))).toThrow("the Dockerfile cannot be empty");
  expect(() => atOnce(parseDockerfile("FROM a\nENV a"))).toThrow(/^ENV must have two arguments$/);
  expect(() => atOnce(parseDockerfile("FROM a\nLABEL a=b c"))).toThrow(/^Syntax error - can't find = in "c"/);
  expect(() => atOnce(parseDockerfile("FROM a\nCMD [1]"))).toThrow(/^when using JSON array syntax/);
  expect(() => atOnce(parseDockerfile("FROM a\nRUN []"))).toThrow(
    /^failed to marshal LLB definition: arguments are required$/,
  );
});

test("flags that an instruction has not are looked at where BuildKit does", () => {
  expect(only("ARG --x a")).toMatchObject({ args: [{ name: "a" }] });
  expect(only("STOPSIGNAL --x 9")).toMatchObject({ signal: "9" });
  expect(only("COPY --from= a b")).not.toHaveProperty("from");
  expect(only("HEALTHCHECK --retries= CMD x")).toMatchObject({ check: { Test: ["CMD-SHELL", "x"] } });
});

test.each([
  [["*.o"], "a.o", true],
  [["*.o"], "x/a.o", false],
  [["**/*.o"], "x/y/a.o", true],
  [["**/*.o"], "a.o", true],
  [["node_modules"], "node_modules/x/y", true],
  [["*", "!keep"], "keep", false],
  [["*", "!keep"], "keep/x", false],
  [["*", "!keep"], "other", true],
  [["/a"], "a", true],
  [["a/"], "a/b", true],
  [["docs/*.md", "!docs/README.md"], "docs/README.md", false],
  [["a/**"], "a/b/c", true],
  [["?.txt"], "a.txt", true],
  [["[ab].txt"], "c.txt", false],
  [["./x/../y"], "y", true],
] as [string[], string, boolean][])("%j on %s: %p", (patterns, path, ignored) => {
  expect(new IgnorePatterns(patterns).ignores(path)).toBe(ignored);
});

test("an ignored folder is walked only where something below may come back", () => {
  expect(new IgnorePatterns(["node_modules"]).canSkipFolder("node_modules")).toBe(true);
  expect(new IgnorePatterns(["a", "!a/b"]).canSkipFolder("a")).toBe(false);
  expect(new IgnorePatterns(["a", "!**/*.md"]).canSkipFolder("a")).toBe(false);
});
