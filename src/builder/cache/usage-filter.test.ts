import { expect, test } from "bun:test";
import type { BuildCache } from "../../api/types/build.ts";
import { compileUsageFilters } from "./usage-filter.ts";

const records: BuildCache[] = [
  { ID: "abc", Type: "regular", Description: "RUN true", Shared: true, InUse: false },
  { ID: "bcd", Type: "source.local", Description: "local source for context", Shared: false, InUse: true },
  { ID: "cde", Type: "exec.cachemount", Description: 'a "b", c', Shared: false, InUse: false },
];

test.each([
  [[], "abc bcd cde"],
  [[""], "abc bcd cde"],
  [["type==regular"], "abc"],
  [["type!=regular"], "bcd cde"],
  [["id~=^[ab]"], "abc bcd"],
  [["type==regular", "inuse"], "abc bcd"],
  [["private,inuse"], "bcd"],
  [["mutable"], "bcd cde"],
  [["immutable,shared"], "abc"],
  [["shared==true"], ""],
  [["nosuch==1"], ""],
  [['description=="local source for context"'], "bcd"],
  [['description=="a \\"b\\", c",private'], "cde"],
] as [string[], string][])("%j", async (filters, expected) => {
  const matches = await compileUsageFilters(filters);
  expect(records.filter(matches).map(({ ID }) => ID)).toEqual(expected.split(" ").filter(Boolean));
});

test("what is no filter is refused", async () => {
  await expect(compileUsageFilters(["type=regular"])).rejects.toThrow("filters: parse error");
  await expect(compileUsageFilters(["=="])).rejects.toThrow("filters: parse error");
});
