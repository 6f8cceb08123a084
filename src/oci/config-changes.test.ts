import { expect, test } from "bun:test";
import { applyChanges } from "./config-changes.ts";

test("commands", () => {
  expect(applyChanges({}, ['CMD ["a","b c"]']).Cmd).toEqual(["a", "b c"]);
  expect(applyChanges({}, ["cmd echo $HOME"]).Cmd).toEqual(["/bin/sh", "-c", "echo $HOME"]);
  expect(applyChanges({ Cmd: ["x"] }, ['ENTRYPOINT ["e"]'])).toEqual({ Entrypoint: ["e"] });
  expect(applyChanges({ Cmd: ["x"] }, ["CMD y", 'ENTRYPOINT ["e"]']).Cmd).toEqual(["/bin/sh", "-c", "y"]);
  expect(applyChanges({}, ['SHELL ["/bin/bash","-c"]', "CMD z"]).Cmd).toEqual(["/bin/bash", "-c", "z"]);
});

test("environment and labels", () => {
  const config = applyChanges({ Env: ["A=1"] }, ["ENV A=2 B=\"x $A\" C='q r'", "ENV D e f", 'LABEL a.b="c d" e=f']);
  expect(config.Env).toEqual(["A=2", "B=x 1", "C=q r", "D=e f"]);
  expect(config.Labels).toEqual({ "a.b": "c d", e: "f" });
});

test("ports, volumes, directories", () => {
  const config = applyChanges({ WorkingDir: "/a" }, [
    "EXPOSE 80 53/udp 90-91",
    'VOLUME ["/v", "/w"]',
    "VOLUME /x /y",
    "WORKDIR b/../c",
  ]);
  expect(Object.keys(config.ExposedPorts ?? {})).toEqual(["80/tcp", "53/udp", "90/tcp", "91/tcp"]);
  expect(Object.keys(config.Volumes ?? {})).toEqual(["/v", "/w", "/x", "/y"]);
  expect(config.WorkingDir).toBe("/a/c");
});

test("health checks", () => {
  expect(applyChanges({}, ["HEALTHCHECK --interval=5s --retries=2 CMD curl localhost"]).Healthcheck).toEqual({
    Interval: 5e9,
    Retries: 2,
    Test: ["CMD-SHELL", "curl localhost"],
  });
  expect(applyChanges({}, ["HEALTHCHECK NONE"]).Healthcheck).toEqual({ Test: ["NONE"] });
});

test("several lines in one change, continued and commented", () => {
  expect(applyChanges({}, ["# c\nUSER a\\\nb\n\nSTOPSIGNAL 9"])).toEqual({ User: "ab", StopSignal: "9" });
});

test("what is no change", () => {
  expect(() => applyChanges({}, ["RUN x"])).toThrow("RUN is not a valid change command");
  expect(() => applyChanges({}, ["EXPOSE x"])).toThrow("Invalid containerPort: x");
  expect(() => applyChanges({}, ["CMD"])).toThrow("CMD requires at least one argument");
});

test.each([
  ["--constructor=1s CMD x", "unknown flag: --constructor"],
  ["--toString=1s CMD x", "unknown flag: --toString"],
  ["--__proto__=1s CMD x", "unknown flag: --__proto__"],
  ["--foo CMD x", "unknown flag: --foo"],
  ["--interval CMD x", "missing a value on flag: --interval"],
  ["--interval=x CMD x", 'time: invalid duration "x"'],
  ["--interval=1us CMD x", 'Interval "interval" cannot be less than 1ms'],
  ["--interval=-1s CMD x", 'Interval "interval" cannot be less than 1ms'],
  ["--interval=1s --interval=2s CMD x", "duplicate flag specified: --interval"],
  ["--retries=x CMD x", 'strconv.ParseInt: parsing "x": invalid syntax'],
  ["--retries=-1 CMD x", "--retries cannot be negative (-1)"],
  ["--foo=1", "HEALTHCHECK requires at least one argument"],
  ["CMD", "Missing command after HEALTHCHECK CMD"],
  ["NONE x", "HEALTHCHECK NONE takes no arguments"],
  ["foo", 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
])("HEALTHCHECK %s is refused", (argument, words) => {
  expect(() => applyChanges({}, [`HEALTHCHECK ${argument}`])).toThrow(words);
});

test("what is zero of a HEALTHCHECK is left out", () => {
  expect(applyChanges({}, ['HEALTHCHECK --interval=0s --retries=0 CMD ["a"]']).Healthcheck).toEqual({
    Test: ["CMD", "a"],
  });
});
