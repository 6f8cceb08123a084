import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { FilesystemStorage } from "./filesystem.ts";
import { storageSuite } from "./storage.suite.ts";

const root = mkdtempSync("/tmp/berth-storage-files-");
afterAll(() => rmSync(root, { recursive: true, force: true }));

storageSuite("files", async () => new FilesystemStorage(root));
