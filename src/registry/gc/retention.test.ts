import { expect, test } from "bun:test";
import { expiredTags } from "./retention.ts";

const tags = ["v1", "v2", "b1", "b2", "b3"].map((name, index) => ({
  name,
  manifest: index,
  updated: index * 100,
  pulled: name === "b1" ? 1000 : null,
}));
const names = (rule: object, kept: string[] = []) =>
  expiredTags({ repositories: ["**"], keepTags: kept, ...rule }, kept, tags, 1000)
    .map(({ name }) => name)
    .sort();

test("no rule, no removal", () => expect(names({})).toEqual([]));
test("the latest stay", () => expect(names({ keepLast: 2 })).toEqual(["b1", "v1", "v2"]));
test("kept tags neither go nor count", () => expect(names({ keepLast: 2 }, ["v*"])).toEqual(["b1"]));
test("by age", () => expect(names({ olderThan: 750 })).toEqual(["b1", "v1", "v2"]));
test("age and number together: both must speak for it", () =>
  expect(names({ olderThan: 750, keepLast: 4 })).toEqual(["v1"]));
test("by pulls", () => expect(names({ unpulled: 500 })).toEqual(["b2", "b3", "v1", "v2"]));
test("none may stay", () => expect(names({ keepLast: 0 })).toEqual(["b1", "b2", "b3", "v1", "v2"]));
