import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findUser, resolveUser } from "./user.ts";

const passwd =
  "root:x:0:0:root:/root:/bin/sh\n# comment\nbroken line\nwww:x:33:44:web:/var/www:/bin/false\n" +
  "1000:x:7:7::/odd:\nnohome:x:50:50:::\n";
const group = "root:x:0:\nweb:x:44:\nstaff:x:20:www, other\nlog:x:21:www\n30:x:31:\n";
const find = (spec: string, add: string[] = []) => findUser(spec, add, passwd, group);

describe("users", () => {
  test("nobody asked for: root of the image", () =>
    expect(find("")).toEqual({ uid: 0, gid: 0, groups: [0], home: "/root" }));
  test("by name, with the groups that list it", () =>
    expect(find("www")).toEqual({ uid: 33, gid: 44, groups: [44, 20, 21], home: "/var/www" }));
  test("by number, known and unknown", () => {
    expect(find("33")).toEqual(find("www"));
    expect(find("4711")).toEqual({ uid: 4711, gid: 0, groups: [0], home: "/" });
  });
  test("a number that is somebody's name is that name", () => expect(find("1000").uid).toBe(7));
  test("with a group: no supplementary ones", () => {
    expect(find("www:staff")).toMatchObject({ uid: 33, gid: 20, groups: [20] });
    expect(find("www:30").gid).toBe(31);
    expect(find(":staff")).toMatchObject({ uid: 0, gid: 20 });
    expect(find("4711:4712")).toMatchObject({ uid: 4711, gid: 4712, home: "/" });
  });
  test("added groups", () => expect(find("www", ["99", "log", "web"]).groups).toEqual([44, 20, 21, 99]));
  test("no home means the root", () => expect(find("nohome").home).toBe("/"));
  test.each([
    ["nosuch", [], "unable to find user nosuch: no matching entries in passwd file"],
    ["www:nosuch", [], "unable to find group nosuch: no matching entries in group file"],
    ["-1", [], "uids and gids must be in range 0-2147483647"],
    ["4294967296", [], "uids and gids must be in range 0-2147483647"],
    ["", ["nosuch"], "unable to find group nosuch: no matching entries in group file"],
  ])("%p %p is refused", (spec, add, message) => expect(() => find(spec, add)).toThrow(message));
  test("without account files", () => {
    expect(findUser("", [], "", "")).toEqual({ uid: 0, gid: 0, groups: [0], home: "/" });
    expect(() => findUser("www", [], "", "")).toThrow("unable to find user www");
  });
});

describe("account files", () => {
  const inRoot = (make: (root: string) => void, spec: string) => {
    const dir = mkdtempSync(join(tmpdir(), "berth-user-"));
    try {
      mkdirSync(join(dir, "root/etc"), { recursive: true });
      writeFileSync(join(dir, "outside"), "mole:x:666:666::/:\n");
      make(join(dir, "root"));
      return resolveUser(join(dir, "root"), spec);
    } finally {
      rmSync(dir, { recursive: true });
    }
  };
  test("are read through links inside the image", () => {
    const user = inRoot((root) => {
      writeFileSync(join(root, "accounts"), passwd);
      symlinkSync("/accounts", join(root, "etc/passwd"));
    }, "www");
    expect(user.uid).toBe(33);
  });
  test("are never read from outside", () => {
    const escape = (target: string) => () => inRoot((root) => symlinkSync(target, join(root, "etc/passwd")), "mole");
    expect(escape("../../outside")).toThrow("unable to find user mole");
    expect(escape("/proc/self/root/etc/passwd")).toThrow("unable to find user mole");
  });
  test("that are directories or fifos are none", () => {
    expect(inRoot((root) => mkdirSync(join(root, "etc/passwd")), "5").uid).toBe(5);
    expect(inRoot((root) => Bun.spawnSync(["mkfifo", join(root, "etc/passwd")]), "5").uid).toBe(5);
  });
});
