import { expect, test } from "bun:test";
import { checkIdMap, idMapsOf } from "./id-map.ts";

const nobody = { uid: 0, gid: 0 };

test("explicit maps; what is not said of groups holds as for users", () => {
  expect(idMapsOf("uids=0-1000-1#1-2000-5;gids=0-7-1", nobody, nobody)).toEqual({
    uids: [
      { inside: 0, outside: 1000, count: 1 },
      { inside: 1, outside: 2000, count: 5 },
    ],
    gids: [{ inside: 0, outside: 7, count: 1 }],
  });
  const both = [{ inside: 1, outside: 2, count: 3 }];
  expect(idMapsOf("uids=1-2-3", nobody, nobody)).toEqual({ uids: both, gids: both });
  expect(idMapsOf("gids=1-2-3", nobody, nobody)).toEqual({ uids: both, gids: both });
});

test("match-user exchanges two and leaves the others", () => {
  const { uids, gids } = idMapsOf("match-user", { uid: 1000, gid: 0 }, { uid: 0, gid: 0 });
  expect(uids).toEqual([
    { inside: 0, outside: 1000, count: 1 },
    { inside: 1, outside: 1, count: 999 },
    { inside: 1000, outside: 0, count: 1 },
    { inside: 1001, outside: 1001, count: 2 ** 32 - 1 - 1001 },
  ]);
  expect(gids).toEqual([{ inside: 0, outside: 0, count: 2 ** 32 - 1 }]);
});

test.each([
  "",
  "yes",
  "uids=",
  "uids=1-2",
  "uids=1-2-0",
  "uids=0-0-4294967296",
  "uids=1-2-3;uids=1-2-3",
  "uids=-1-2-3",
])("%p is refused", (text) => {
  expect(() => checkIdMap(text)).toThrow(/^invalid idmap: /);
});
