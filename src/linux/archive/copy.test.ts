import { afterAll, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { getXattr, setXattr } from "../xattr.ts";
import { copyTree } from "./copy.ts";

const root = mkdtempSync("/tmp/berth-copy-");
afterAll(() => rmSync(root, { recursive: true }));

test("files, links, holes, attributes and times are as they were", () => {
  const [from, to] = [`${root}/from`, `${root}/to`];
  for (const path of [from, `${from}/dir`, to]) mkdirSync(path);
  writeFileSync(`${from}/dir/file`, "content");
  chmodSync(`${from}/dir/file`, 0o640);
  setXattr(`${from}/dir/file`, "user.note", Buffer.from("x"));
  linkSync(`${from}/dir/file`, `${from}/again`);
  symlinkSync("dir/file", `${from}/link`);
  const sparse = openSync(`${from}/sparse`, "w");
  writeSync(sparse, "middle", 8 << 20);
  ftruncateSync(sparse, 16 << 20);
  closeSync(sparse);
  writeFileSync(`${from}/empty`, "");
  for (const name of ["dir/file", "dir", "."]) utimesSync(`${from}/${name}`, 1_000_000, 1_000_000.25);
  copyTree(from, to, {}, () => false);
  for (const name of [".", "dir", "dir/file", "again", "link", "sparse", "empty"]) {
    const pick = ({ mode, uid, gid, nlink, mtimeMs, size }: ReturnType<typeof lstatSync> & object) => ({
      ...{ mode, uid, gid, mtimeMs },
      ...((Number(mode) & 0o170000) === 0o100000 && { nlink, size }),
    });
    expect(pick(lstatSync(`${to}/${name}`))).toEqual(pick(lstatSync(`${from}/${name}`)));
  }
  expect(readFileSync(`${to}/again`, "utf8")).toBe("content");
  expect(lstatSync(`${to}/again`).ino).toBe(lstatSync(`${to}/dir/file`).ino);
  expect(Buffer.from(getXattr(`${to}/dir/file`, "user.note") ?? []).toString()).toBe("x");
  expect(readlinkSync(`${to}/link`)).toBe("dir/file");
  expect(readFileSync(`${to}/sparse`).equals(readFileSync(`${from}/sparse`))).toBe(true);
  expect(lstatSync(`${to}/sparse`).blocks).toBeLessThan(1024);
});

test("a copy that nobody wants any more ends", () => {
  mkdirSync(`${root}/unwanted`);
  expect(() => copyTree(`${root}/from`, `${root}/unwanted`, {}, () => true)).toThrow("aborted");
});
