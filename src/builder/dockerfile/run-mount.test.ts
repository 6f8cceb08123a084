import { expect, test } from "bun:test";
import { mountFrom, parseRunMount } from "./run-mount.ts";

const range = { start: 1, end: 1 };
const variables: Record<string, string> = { $T: "tmpfs", $M: "/m" };
const parse = (text: string) => parseRunMount(text, range, (value) => variables[value] ?? value);

test.each([
  ["type=$T,target=$M", { type: "tmpfs", target: "/m" }],
  [
    "type=CACHE,sharing=LOCKED,target=/c,mode=0700,uid=1",
    { type: "cache", sharing: "locked", target: "/c", mode: 0o700, uid: 1 },
  ],
  ['type=tmpfs,"target=/a,b",size=2m', { type: "tmpfs", target: "/a,b", size: 2 * 1024 ** 2 }],
  ["target=/x,ro=TRUE", { type: "bind", target: "/x", readonly: true }],
  ["type=secret,source=k,required", { type: "secret", source: "k", required: true }],
] as const)("%s", (text, expected) => {
  expect(parse(text)).toEqual(expected);
});

test.each([
  ["type=cach,target=/x", 'unsupported mount type "cach" (did you mean cache?)'],
  ["type=CACH,target=/x", /unsupported mount type "CACH"$/],
  ["TYP=cache,target=/x", "unexpected key 'typ' in 'TYP=cache' (did you mean type?)"],
  ["type=tmpfs,siz=1m", "unexpected key 'siz' in 'siz=1m' (did you mean size?)"],
  ["type=cache,sharing=lock,target=/x", 'unsupported sharing value "lock" (did you mean locked?)'],
  ["type=bind,readonl,target=/x", "invalid field 'readonl' must be a key=value pair"],
  ["type=nope", 'unsupported mount type "nope"'],
  ["type=bind,what=1", "unexpected key 'what' in 'what=1'"],
  ["target", "invalid field 'target' must be a key=value pair"],
  ["type=bind,mode=0700,target=/x", 'mode not allowed for "bind" type mounts'],
  ["type=cache,required,target=/x", "unexpected key 'required' for mount type 'cache'"],
  ["type=cache,size=3,target=/x", "unexpected key 'size' for mount type 'cache'"],
  ["type=secret", "one of source, target required"],
  ["type=secret,id=a,source=b", "both source and id can't be set"],
  ["type=secret,id=x,sharing=locked", "secret mount should not define sharing"],
  ["type=bind,sharing=locked", "invalid cache sharing set for bind mount"],
  ["type=cache,sharing=some", 'unsupported sharing value "some"'],
])("%s is refused: %s", (text, reason) => {
  expect(() => parse(text)).toThrow(reason);
});

test("where the files come from is known before anything is built", () => {
  expect([
    mountFrom("type=bind,from=a,target=/x", range),
    mountFrom("target=/x", range),
    mountFrom("from=a$", range),
  ]).toEqual(["a", undefined, "a$"]);
  expect(() => mountFrom("from=$A,target=/x", range)).toThrow("define alias stage instead");
});
