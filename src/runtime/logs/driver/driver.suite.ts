/** What every log driver has to do. */
import { describe, expect, test } from "bun:test";
import { commonOptions, type LogDriver, type LogOptions, parseLogOptions } from "./driver.ts";

/** A log driver and what the tests need to know of it. */
export interface LogDriverCase {
  driver: LogDriver;
  /** Options that it cannot be without. */
  needs?: LogOptions;
  /** Options that it takes. */
  options?: LogOptions;
  /** Options that it refuses, and some of its words. */
  refused?: [options: LogOptions, words: string][];
}

/** The tests that every log driver has to pass. */
export function logDriverSuite({ driver, needs = {}, options = {}, refused = [] }: LogDriverCase): void {
  const { name } = driver;
  const parse = (chosen: LogOptions) => parseLogOptions(driver, { ...needs, ...chosen });

  describe(name, () => {
    test("keeps a bounded log where it keeps one, and nothing else", () => {
      const limits = parse({});
      expect(limits !== null).toBe(driver.kept);
      if (limits) expect(limits.maxSize ?? Infinity).toBeLessThan(Infinity);
      // Docker's file is written from what is kept.
      if (driver.collected) expect(driver.kept).toBe(true);
    });

    test("takes its options, and those of every driver", () => {
      expect(parse(options) !== null).toBe(driver.kept);
      const own = driver.options ?? Object.keys(options);
      expect(Object.keys(options).every((option) => own.includes(option))).toBe(true);
      expect(own.some((option) => commonOptions.includes(option))).toBe(false);
      expect(parse({ mode: "non-blocking", "max-buffer-size": "4m" })).toEqual(parse({}));
    });

    // Who keeps nothing asks for nothing.
    if (driver.kept)
      test("says what is wrong with others", () => {
        expect(() => parse({ nosuch: "1" })).toThrow(driver.unknownOption("nosuch"));
        expect(() => parse({ mode: "odd" })).toThrow("logger: logging mode not supported: odd");
        for (const [wrong, words] of refused) expect(() => parse(wrong)).toThrow(words);
      });
  });
}
