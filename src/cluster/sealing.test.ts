import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { seal, unseal } from "./sealing.ts";

test("what is sealed is opened by the same key only, as what it is, and unchanged", () => {
  const key = randomBytes(32);
  const sealed = seal("a secret, ü", key, "secret/1");
  expect(unseal(sealed, key, "secret/1")).toBe("a secret, ü");
  expect(seal("a secret, ü", key, "secret/1")).not.toEqual(sealed);
  const tag = sealed.tag.slice(0, 4);
  for (const open of [
    () => unseal(sealed, randomBytes(32), "secret/1"),
    () => unseal(sealed, key, "secret/2"),
    () => unseal({ ...sealed, data: `AAAA${sealed.data.slice(4)}` }, key, "secret/1"),
    () => unseal({ ...sealed, tag }, key, "secret/1"),
  ])
    expect(open).toThrow();
});
