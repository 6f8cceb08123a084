import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../names.ts";
import { FilesystemStorage } from "./filesystem.ts";
import { storageSuite } from "./storage.suite.ts";

const root = mkdtempSync("/tmp/berth-storage-files-");
afterAll(() => rmSync(root, { recursive: true, force: true }));

storageSuite("files", async () => new FilesystemStorage(root));

test("the first byte alone", async () => {
  const storage = new FilesystemStorage(root);
  const content = new TextEncoder().encode("abc");
  const file = join(root, "given");
  writeFileSync(file, content);
  await storage.put(digestOf(content), file, content.length);
  expect(await new Response(await storage.body(digestOf(content), { start: 0, end: 0 })).text()).toBe("a");
});
