import { expect, test } from "bun:test";
import { naturalOrder } from "./natural-order.ts";

test("numbers in names count as numbers", () => {
  expect(["net10", "net9", "bridge", "net", "net09", "a1b2", "a1b10"].sort(naturalOrder)).toEqual([
    "a1b2",
    "a1b10",
    "bridge",
    "net",
    "net9",
    "net09",
    "net10",
  ]);
});
