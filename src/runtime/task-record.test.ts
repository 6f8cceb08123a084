import { expect, test } from "bun:test";
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { taskDir } from "./deps.ts";
import { findTaskRecord, type TaskRecord, writeTaskRecord } from "./task-record.ts";

const record: TaskRecord = {
  runtime: "crun",
  tty: false,
  openStdin: false,
  stdinOnce: false,
  logPath: null,
  logLimits: { maxSize: null, maxFiles: 1, compress: false },
  cgroupsPath: "/x",
};

test("a record is replaced as a whole: what is there is never written over", () => {
  const execRoot = mkdtempSync(`${tmpdir()}/berth-record-`);
  const deps = { execRoot } as Parameters<typeof findTaskRecord>[0];
  const dir = taskDir(deps, "one");
  mkdirSync(dir, { recursive: true });
  try {
    writeTaskRecord(deps, "one", record);
    const before = openSync(`${dir}/task.json`, "r");
    writeTaskRecord(deps, "one", { ...record, pid: 7 });
    expect(JSON.parse(readFileSync(before, "utf8"))).toEqual(record);
    closeSync(before);
    expect(findTaskRecord(deps, "one")).toEqual({ ...record, pid: 7 });
    expect(readdirSync(dir)).toEqual(["task.json"]);
    expect(findTaskRecord(deps, "two")).toBeNull();
  } finally {
    rmSync(execRoot, { recursive: true });
  }
});
