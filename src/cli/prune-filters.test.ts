import { expect, test } from "bun:test";
import { pruneFilters } from "./prune-filters.ts";

test("filters of config.json are added, unless the command line says the opposite", () => {
  const config = { pruneFilters: ["label=keep", "label!=old", "until=24h", "bad"] };
  expect(pruneFilters(config, {})).toEqual({ label: ["keep"], "label!": ["old"], until: ["24h"] });
  expect(pruneFilters(config, { "label!": ["keep"], label: ["x"] })).toEqual({
    label: ["x"],
    "label!": ["keep", "old"],
    until: ["24h"],
  });
  expect(pruneFilters({}, { a: ["b"] })).toEqual({ a: ["b"] });
});
