import { expect, test } from "bun:test";
import { defaultLogLimits } from "../limits.ts";
import { builtinLogDrivers } from "./builtin.ts";
import { type LogOptions, parseLogOptions } from "./driver.ts";

function parseLogConfig(name: string, options: LogOptions) {
  const driver = builtinLogDrivers().get(name);
  if (!driver) throw new Error(`no driver ${name}`);
  return parseLogOptions(driver, options);
}

test("the default is bounded for every driver that keeps anything", () => {
  expect(parseLogConfig("local", {})).toEqual(defaultLogLimits);
  expect(parseLogConfig("json-file", {})).toEqual(defaultLogLimits);
  expect(parseLogConfig("none", {})).toBeNull();
});

test("limits", () => {
  expect(parseLogConfig("local", { "max-size": "1.5m", "max-file": "3", compress: "false" })).toEqual({
    maxSize: 1_500_000,
    maxFiles: 3,
    compress: false,
  });
  expect(parseLogConfig("local", { "max-size": "10k" })).toEqual({ maxSize: 10_000, maxFiles: 5, compress: true });
  expect(parseLogConfig("json-file", { "max-size": "10kb", tag: "x", labels: "a" })).toEqual({
    maxSize: 10_000,
    maxFiles: 1,
    compress: false,
  });
  expect(parseLogConfig("json-file", { "max-size": "-1" })?.maxSize).toBeNull();
  expect(parseLogConfig("local", { mode: "non-blocking", "max-buffer-size": "4m" })).toEqual(defaultLogLimits);
});

test.each([
  ["local", { tag: "x" }, "unknown log opt 'tag' for log driver local"],
  ["local", { "max-size": "much" }, "invalid value for max-size: much: invalid size: 'much'"],
  ["local", { "max-size": "1q" }, "invalid value for max-size: 1q: invalid suffix: 'q'"],
  ["local", { "max-size": "0" }, "max-size must be a positive number"],
  ["local", { "max-file": "q" }, 'invalid value for max-file: q: strconv.Atoi: parsing "q": invalid syntax'],
  ["local", { "max-file": "-1" }, "max file count cannot be less than 0"],
  ["local", { "max-file": "0" }, "compression cannot be enabled when max file count is 1"],
  ["local", { "max-file": "1", compress: "true" }, "compression cannot be enabled when max file count is 1"],
  ["local", { compress: "q" }, 'error reading compress log option: strconv.ParseBool: parsing "q": invalid syntax'],
  ["json-file", { "max-size": "1q" }, "invalid suffix: 'q'"],
  ["json-file", { "max-file": "0" }, "max-file cannot be less than 1"],
  ["json-file", { "max-file": "q" }, 'strconv.Atoi: parsing "q": invalid syntax'],
  ["json-file", { compress: "q" }, 'strconv.ParseBool: parsing "q": invalid syntax'],
  ["json-file", { "max-file": "1", compress: "true" }, "compress cannot be true when max-file is less than 2"],
  ["local", { mode: "odd" }, "logger: logging mode not supported: odd"],
  ["local", { "max-buffer-size": "1m" }, "logger: max-buffer-size option is only supported with 'mode=non-blocking'"],
])("%p %p is refused", (driver, options, message) => expect(() => parseLogConfig(driver, options)).toThrow(message));
