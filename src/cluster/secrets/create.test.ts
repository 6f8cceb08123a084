import { expect, test } from "bun:test";
import { memoryManager } from "../testing/manager.ts";
import { createSecret } from "./create.ts";

test("a secret gets an id; its name is taken then, also by who asks at the same time", async () => {
  const manager = memoryManager();
  const { ID } = await createSecret(manager, "secret", { Name: "s1", Data: "eA==" });
  expect(ID).toMatch(/^[0-9a-z]{25}$/);
  expect(manager.store.state.get("secret", ID)?.Spec).toEqual({ Name: "s1", Labels: {}, Data: "eA==" });
  const both = await Promise.allSettled([
    createSecret(manager, "secret", { Name: "s2", Data: "eA==" }),
    createSecret(manager, "secret", { Name: "s2", Data: "eA==" }),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(createSecret(manager, "secret", { Name: "s1", Data: "eA==" })).rejects.toThrow("secret s1 already exists");
});

test("names and sizes that cannot be", async () => {
  const manager = memoryManager();
  expect(createSecret(manager, "secret", { Data: "eA==" })).rejects.toThrow("name must be provided");
  expect(createSecret(manager, "secret", { Name: "-a", Data: "eA==" })).rejects.toThrow("invalid name, only 64");
  expect(createSecret(manager, "secret", { Name: "a", Data: "" })).rejects.toThrow(
    "larger than 0 and less than 512000 bytes",
  );
});
