import { expect, test } from "bun:test";
import { type Accounts, remapOf } from "./remap.ts";

/** Accounts that are texts, and notes of what was run. */
function accounts(files: Partial<Record<"passwd" | "group" | "subuid" | "subgid", string>>) {
  const ran: string[] = [];
  const known: Accounts = {
    read: (name) => files[name] ?? "",
    run: async (argv) => {
      ran.push(argv.join(" "));
      if (argv[0] === "useradd")
        Object.assign(files, {
          passwd: `${files.passwd ?? ""}dockremap:x:999:998::/:/bin/false\n`,
          group: `${files.group ?? ""}dockremap:x:998:\n`,
        });
      const [, file = "", first = "", last = ""] = /--add-(sub.id)s (\d+)-(\d+)/.exec(argv.join(" ")) ?? [];
      if (file === "subuid" || file === "subgid")
        files[file] = `${files[file] ?? ""}dockremap:${first}:${Number(last) - Number(first) + 1}\n`;
    },
  };
  return { known, ran };
}

const files = {
  passwd: "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n",
  group: "root:x:0:\nstaff:x:50:\nalice:x:1000:\n",
  subuid: "bob:100000:65536\nalice:165536:1000\n1000:300000:5\n",
  subgid: "alice:165536:1000\nstaff:400000:7\n",
};

test("nothing is asked for", async () => {
  expect(await remapOf("", accounts({}).known)).toBeNull();
});

test("a user's ranges, one after the other; by number; with another group", async () => {
  const uids = [
    { inside: 0, outside: 165536, count: 1000 },
    { inside: 1000, outside: 300000, count: 5 },
  ];
  expect(await remapOf("alice", accounts(files).known)).toEqual({
    uids,
    gids: [{ inside: 0, outside: 165536, count: 1000 }],
  });
  expect(await remapOf("1000:staff", accounts(files).known)).toEqual({
    uids,
    gids: [{ inside: 0, outside: 400000, count: 7 }],
  });
});

test.each([
  [":x", /invalid user\/group specification/],
  ["a:b:c", /invalid user\/group specification/],
  ["eve", /user "eve" of --userns-remap is not known/],
  ["alice:eve", /group "eve"/],
  ["root", /could not find subordinate ids of root in \/etc\/subuid/],
])("%s is refused", async (setting, message) => {
  expect(remapOf(setting, accounts(files).known)).rejects.toThrow(message);
});

test("the default user is made with ids that nobody has, once", async () => {
  const { known, ran } = accounts({ ...files });
  const maps = {
    uids: [{ inside: 0, outside: 300005, count: 65536 }],
    gids: [{ inside: 0, outside: 400007, count: 65536 }],
  };
  expect(await remapOf("default", known)).toEqual(maps);
  expect(ran).toEqual([
    "useradd --system --user-group --no-create-home --shell /bin/false dockremap",
    "usermod --add-subuids 300005-365540 dockremap",
    "usermod --add-subgids 400007-465542 dockremap",
  ]);
  ran.length = 0;
  expect(await remapOf("default", known)).toEqual(maps);
  expect(ran).toEqual([]);
});
