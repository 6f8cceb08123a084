import { expect, test } from "bun:test";
import { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import { parseDockerfile } from "./parse.ts";
import { DockerfileError, explain } from "./source.ts";

const only = (line: string) => parseDockerfile(`FROM scratch\n${line}`).stages[0]?.instructions[0];

test("stages, names, platforms and global arguments", () => {
  const file = parseDockerfile("# syntax=docker/dockerfile:1\nARG V=1 W\nFROM --platform=$BUILDPLATFORM debian:$V AS Build\nRUN true\n\nFROM scratch\nCOPY --from=build /a /b");
  expect(file.directives.get("syntax")?.value).toBe("docker/dockerfile:1");
  expect(file.globalArgs.map((arg) => arg.args)).toEqual([[{ name: "V", value: "1" }, { name: "W" }]]);
  expect(file.stages.map((stage) => [stage.name, stage.from.image, stage.from.platform])).toEqual([["build", "debian:$V", "$BUILDPLATFORM"], [undefined, "scratch", undefined]]);
  expect(file.stages[1]?.instructions[0]).toMatchObject({ kind: "COPY", from: "build", sources: ["/a"], destination: "/b" });
});

test("continuations drop comments and empty lines, and keep what stands in front", () => {
  expect(only("RUN a && \\\n  # why\n\n  b")).toMatchObject({ kind: "RUN", command: { form: "shell", text: "a &&   b" }, range: { start: 2, end: 5 } });
  expect(parseDockerfile("# escape=`\nFROM scratch\nRUN a `\n b\\").stages[0]?.instructions[0]).toMatchObject({ command: { text: "a  b\\" } });
});

test("here-documents: content, cut tabs, literal names, two on one line", () => {
  expect(only("RUN <<EOF\necho $x\nEOF\n")).toMatchObject({ command: { heredocs: [{ name: "EOF", expand: true, content: "echo $x\n" }] } });
  expect(only("COPY <<-'A' <<B /dest/\n\tone\nA\ntwo\nB\n")).toMatchObject({
    kind: "COPY", sources: [], destination: "/dest/",
    inline: [{ name: "A", chomp: true, expand: false, content: "one\n" }, { name: "B", content: "two\n" }],
  });
  expect(() => only("RUN <<EOF\nnever ends")).toThrow("unterminated heredoc");
});

test.each([
  ['CMD ["a", "b"]', { command: { form: "exec", argv: ["a", "b"] } }],
  ["CMD [a, b]", { command: { form: "shell", text: "[a, b]" } }],
  ["ENV a=1 b='x y' c=\"z\"", { pairs: [{ key: "a", value: "1" }, { key: "b", value: "'x y'" }, { key: "c", value: '"z"' }], legacy: false }],
  ["ENV key some value", { pairs: [{ key: "key", value: "some value" }], legacy: true }],
  ["HEALTHCHECK --interval=1m30s --retries=2 CMD curl x", { check: { Test: ["CMD-SHELL", "curl x"], Interval: 90e9, Retries: 2 } }],
  ["RUN --mount=type=cache,target=/c,sharing=locked --network=none make", { mounts: [{ type: "cache", target: "/c", sharing: "locked" }], network: "none" }],
  ["RUN --mount=type=secret,id=k,env=K,required=true true", { mounts: [{ type: "secret", id: "k", env: "K", required: true }] }],
  ["COPY --chown=1:2 --chmod=0644 --link --exclude=*.o --exclude=*.a . /x", { chown: "1:2", chmod: "0644", link: true, exclude: ["*.o", "*.a"] }],
  ["VOLUME /a /b", { paths: ["/a", "/b"] }],
  ["ONBUILD RUN make", { trigger: "RUN make" }],
])("%s", (line, expected) => {
  expect(only(line)).toMatchObject(expected);
});

test.each([
  ["RUM x", "unknown instruction: RUM (did you mean RUN?)"], ["COPY a", "COPY requires at least two arguments"], ["COPY --frm=x a b", "unknown flag: --frm"],
  ["RUN --mount=type=nope x", 'unsupported mount type "nope"'], ["ONBUILD ONBUILD RUN x", "Chaining ONBUILD"], ["ONBUILD FROM x", "FROM isn't allowed"],
  ["SHELL /bin/sh", "JSON form"], ["ENV a", "ENV must have two arguments"], ["RUN --network=moon x", "invalid network mode"], ["FROM a as 1x", "invalid name for build stage"],
])("%s is refused: %s", (line, reason) => {
  try {
    only(line);
    throw new Error("was accepted");
  } catch (error) {
    expect(error).toBeInstanceOf(DockerfileError);
    if (!(error instanceof DockerfileError)) throw error;
    expect(error.message).toContain(reason);
    expect(error.range.start).toBe(2);
    expect(explain(error, "Dockerfile", `FROM scratch\n${line}`)).toContain(`>>> ${line}`);
  }
});

test("what stands before the first FROM", () => {
  expect(() => parseDockerfile("RUN x\nFROM a")).toThrow("no build stage in current context");
  expect(() => parseDockerfile("# nothing\n")).toThrow("file with no instructions");
});

test.each([
  [["*.o"], "a.o", true], [["*.o"], "x/a.o", false], [["**/*.o"], "x/y/a.o", true], [["**/*.o"], "a.o", true], [["node_modules"], "node_modules/x/y", true],
  [["*", "!keep"], "keep", false], [["*", "!keep"], "keep/x", false], [["*", "!keep"], "other", true], [["/a"], "a", true], [["a/"], "a/b", true], [["docs/*.md", "!docs/README.md"], "docs/README.md", false],
  [["a/**"], "a/b/c", true], [["?.txt"], "a.txt", true], [["[ab].txt"], "c.txt", false], [["./x/../y"], "y", true],
] as [string[], string, boolean][])("%j on %s: %p", (patterns, path, ignored) => {
  expect(new IgnorePatterns(patterns).ignores(path)).toBe(ignored);
});

test("an ignored folder is walked only where something below may come back", () => {
  expect(new IgnorePatterns(["node_modules"]).canSkipFolder("node_modules")).toBe(true);
  expect(new IgnorePatterns(["a", "!a/b"]).canSkipFolder("a")).toBe(false);
  expect(new IgnorePatterns(["a", "!**/*.md"]).canSkipFolder("a")).toBe(false);
});
