import { expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { O } from "./at.ts";
import { FifoWriter } from "./fifo.ts";

test("a pipe is written to once somebody reads it; what lies in its place is not", async () => {
  const folder = mkdtempSync("/tmp/berth-fifo-");
  try {
    const at = (name: string) => join(folder, name);
    await Bun.$`mkfifo ${at("pipe")}`;
    expect(FifoWriter.open(at("pipe"))).toBeNull();
    const reader = openSync(at("pipe"), O.RDONLY | O.NONBLOCK);
    {
      using writer = FifoWriter.open(at("pipe"));
      expect(writer?.write(Buffer.from("text"))).toBe(4);
    }
    const read = Buffer.alloc(8);
    expect(read.toString("utf8", 0, readSync(reader, read))).toBe("text");
    closeSync(reader);
    writeFileSync(at("file"), "kept");
    symlinkSync(at("pipe"), at("link"));
    expect(() => FifoWriter.open(at("file"))).toThrow("is no pipe");
    expect(() => FifoWriter.open(at("link"))).toThrow("is no pipe");
    expect(() => FifoWriter.open(at("none"))).toThrow("no such file");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
