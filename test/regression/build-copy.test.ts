/**
 * What COPY and ADD take and where they put it: other things in the way, patterns, several sources, archives, names of
 * one file.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Builder, pick } from "../build/builder.ts";

let builder: Builder;
beforeAll(async () => {
  builder = await Builder.start();
});
afterAll(async () => {
  await builder?.[Symbol.asyncDispose]();
});

/** A root filesystem as Debian has it: `/bin` is a link. */
const merged =
  "FROM busybox\nRUN mkdir -p /usr/xbin && echo tool > /usr/xbin/tool && ln -s usr/xbin /xbin && mkdir -p /p/q " +
  "&& echo 1 > /p/q/r && echo 2 > /p/f\n";

describe("a copy that meets another kind of thing below its target is refused:", () => {
  test.each<[string, string, Record<string, string>, string]>([
    ["a directory for a link", "COPY rootfs /", { "rootfs/xbin/f": "1" }, "cannot copy to non-directory: /xbin"],
    ["a directory for a file", "COPY rootfs /p/", { "rootfs/f/g": "1" }, "cannot copy to non-directory: /p/f"],
    ["a file for a directory", "COPY rootfs /p", { "rootfs/q": "1" }, "cannot replace to directory /p/q with file"],
    ["a link for a directory", "COPY rootfs /p", { "rootfs/q": "-> f" }, "cannot replace to directory /p/q with file"],
    ["one file for a directory", "COPY q /p/", { q: "1" }, "cannot replace to directory /p/q with file"],
    ["a here-document for a directory", "COPY <<q /p/\n1\nq", {}, "cannot replace to directory /p/q with file"],
    [
      "of what an earlier source brings",
      "COPY a b /new/",
      { "a/q/f": "1", "b/q": "2" },
      "cannot replace to directory /new/q with file",
    ],
    ["ADD of a folder", "ADD rootfs /", { "rootfs/xbin/f": "1" }, "cannot copy to non-directory: /xbin"],
    [
      "a directory for the destination itself",
      "COPY rootfs /p/f",
      { "rootfs/x": "1" },
      "cannot copy to non-directory: /p/f",
    ],
    ["a file in the place of the destination's folder", "COPY a /p/f/", { a: "1" }, "mkdir /p/f: not a directory"],
    ["a file on the way to it", "COPY a /p/f/x/y", { a: "1" }, "lstat /p/f/x: not a directory"],
  ])("%s", async (_name, line, files, text) => {
    expect(await builder.refusal({ dockerfile: `${merged}${line}`, files })).toContain(text);
  });

  test("from a stage as well", async () => {
    expect(
      await builder.refusal({
        dockerfile: `FROM busybox AS made\nRUN mkdir -p /o/xbin && touch /o/xbin/f\n${merged}COPY --from=made /o /`,
      }),
    ).toContain("cannot copy to non-directory: /xbin");
  });
});

test(
  "files take the place of links below the target, and " + "go where a link at the target leads, be it to nothing",
  async () => {
    const image = await builder.build({
      files: { "r/m": "new", "r/n": "new", f: "f" },
      dockerfile:
        "FROM busybox\nRUN mkdir /p && echo old > /p/o && ln -s o /p/m && ln -s gone /p/n && ln -s /mnt/far/away " +
        "/data && ln -s /mnt/x /l\nCOPY r /p\nCOPY f /data/\nCOPY r /data/sub\nCOPY f /l",
    });
    expect(
      pick(
        await builder.tree(image),
        "p/m",
        "p/n",
        "p/o",
        "data",
        "mnt/far/away/f",
        "mnt/far/away/sub/m",
        "l",
        "mnt/x",
      ).map((each) => each[0]),
    ).toEqual(["-", "-", "-", "l", "-", "-", "l", "-"]);
    expect(await builder.content(image, "/p/o")).toBe("old\n");
  },
);

test("an archive replaces what is in its way", async () => {
  const image = await builder.build({
    setup: "mkdir -p r/xbin r/p/q; echo 1 > r/xbin/f; echo 1 > r/p/f; tar cf t.tar -C r .; rm -r r",
    dockerfile: `${merged}ADD t.tar /`,
  });
  expect(pick(await builder.tree(image), "xbin", "xbin/f", "usr/xbin/tool", "p/q/r").map((each) => each[0])).toEqual([
    "d",
    "-",
    "-",
    "-",
  ]);
});

test("a pattern that matches nothing brings nothing; a name that is not there ends the build", async () => {
  const image = await builder.build({
    files: { "package.json": "1" },
    dockerfile:
      "FROM busybox\nCOPY package.json yarn.lock* /a/\nADD package.json yarn.lock* /b/\nCOPY --from=busybox " +
      "/etc/passwd /etc/nope* /c/\nCOPY nope* /d/\nADD n?pe* /e/",
  });
  expect(
    pick(await builder.tree(image), "a/package.json", "b/package.json", "c/passwd", "d", "e").map((each) => each[0]),
  ).toEqual(["-", "-", "-", "n", "n"]);
  expect(await builder.refusal({ files: { a: "" }, dockerfile: "FROM busybox\nCOPY a nope /a/" })).toContain(
    '"/nope": not found',
  );
  expect(await builder.refusal({ files: { a: "" }, dockerfile: "FROM busybox\nADD a nope /a/" })).toContain(
    '"/nope": not found',
  );
  expect(await builder.refusal({ files: { a: "" }, dockerfile: "FROM busybox\nCOPY nope/* /a/" })).toContain(
    "lstat /nope: no such file or directory",
  );
});

test("several sources go into a directory that is there, each in its turn over what is not", async () => {
  const image = await builder.build({
    files: { a: "1", b: "2", "c/x": "3", "d/y": "4" },
    dockerfile:
      "FROM busybox\nCOPY a b /etc\nADD a b /home\nCOPY a b /file\nCOPY c d /dir\nCOPY [ab] /last\nWORKDIR " +
      "/tmp\nCOPY a b ./\nCOPY a b ..",
  });
  const tree = await builder.tree(image);
  expect(
    pick(tree, "etc/a", "etc/b", "home/b", "file", "dir/x", "dir/y", "tmp/a", "tmp/b", "a", "last").map(
      (each) => each[0],
    ),
  ).toEqual(["-", "-", "-", "-", "-", "-", "-", "-", "-", "-"]);
  expect(await builder.content(image, "/file")).toBe("2");
});

test("files of equal content and other names are not taken for each other", async () => {
  const [first, second] = await Promise.all(
    ["one", "two"].map((name) =>
      builder.build({ files: { [name]: "equal" }, dockerfile: `FROM busybox\nCOPY ${name} /etc` }),
    ),
  );
  expect(pick(await builder.tree(first ?? ""), "etc/one", "etc/two").map((each) => each[0])).toEqual(["-", "n"]);
  expect(pick(await builder.tree(second ?? ""), "etc/one", "etc/two").map((each) => each[0])).toEqual(["n", "-"]);
});

test(
  "a pattern ends at its own level, in ADD as in COPY; " + "of the folders that match, the contents are taken",
  async () => {
    const files = {
      "src/d/e/f": "1",
      "src/d/h": "2",
      "src/g": "3",
      "src/gl": "-> g",
      "x/deep/a.txt": "4",
      "x/b.txt": "5",
      "c.txt": "6",
    };
    const image = await builder.build({
      files,
      dockerfile: "FROM scratch\nADD src/* /a/\nCOPY src/* /c/\nCOPY **/*.txt /t/",
    });
    const tree = await builder.tree(image);
    for (const at of ["a", "c"])
      expect(
        pick(tree, `${at}/e/f`, `${at}/h`, `${at}/g`, `${at}/gl`, `${at}/f`, `${at}/d`).map((each) => each[0]),
      ).toEqual(["-", "-", "-", "-", "n", "n"]);
    expect(pick(tree, "t/b.txt", "t/a.txt", "t/c.txt").map((each) => each[0])).toEqual(["-", "n", "n"]);
  },
);

test(
  "the directory that takes another's contents stays what it is and gets its time; those below become as they " +
    "are in the source",
  async () => {
    const image = await builder.build({
      files: { "d/q/f": "1" },
      setup: "chmod 700 d/q",
      dockerfile: "FROM busybox\nRUN mkdir -p /x/q && chmod 711 /x /x/q && chown 3:3 /x /x/q\nCOPY d /x",
    });
    expect(pick(await builder.tree(image, { times: true }), "x", "x/q", "x/q/f")).toEqual([
      "drwx--x--x 3/3 1580608922",
      "drwx------ 0/0 1580608922",
      "-rw-r--r-- 0/0 1580608922",
    ]);
  },
);

test("names of one file stay names of one file within a source, and the image has it once", async () => {
  const setup = "mkdir c && head -c 4000000 /dev/urandom > c/a && ln c/a c/b && mkdir c/d && ln c/a c/d/e";
  for (const client of ["docker", "berth"] as const) {
    const image = await builder.build({ client, setup, dockerfile: "FROM scratch\nCOPY c /c" });
    expect(pick(await builder.tree(image), "c/b", "c/d/e").map((each) => each.slice(0, 1))).toEqual(["h", "h"]);
    expect(await builder.size(image)).toBeLessThan(4_100_000);
  }
  const apart = await builder.build({ setup, dockerfile: "FROM scratch\nCOPY c/a c/b /c/" });
  expect(await builder.size(apart)).toBe(8_000_000);
});

test("an archive is what unpacks as one: what is only compressed is copied", async () => {
  const setup = `echo hello > p; mkdir q; echo 1 > q/f; tar cf t.tar q; tar --format=v7 -cf v7.tar q
for each in "gzip gz" "xz xz" "bzip2 bz2" "zstd zst"; do set -- $each; $1 -qk p; $1 -qk t.tar; done
gzip -c t.tar.xz > inner.gz; gzip -c t.tar.gz > twice.gz; : > empty; gzip -k empty
head -c 2048 /dev/zero > zeros; head -c 20 t.tar.gz > cut.gz; rm -r q`;
  const plain = ["p.gz", "p.xz", "p.bz2", "p.zst", "inner.gz", "twice.gz", "empty", "empty.gz", "zeros", "cut.gz"];
  const archives = ["t.tar.gz", "t.tar.xz", "t.tar.bz2", "t.tar.zst", "v7.tar"];
  const image = await builder.build({
    setup,
    dockerfile:
      `FROM scratch\nADD ${plain.join(" ")} ` + `/a/\n${archives.map((name) => `ADD ${name} /${name}/`).join("\n")}`,
  });
  const tree = await builder.tree(image);
  expect(pick(tree, ...plain.map((name) => `a/${name}`)).map((each) => each[0])).toEqual(plain.map(() => "-"));
  expect(pick(tree, ...archives.map((name) => `${name}/q/f`)).map((each) => each[0])).toEqual(archives.map(() => "-"));
});

test.each<[string, string, string | undefined]>([
  ["within its second block of zeros", "head -c 2500 t.tar", "unexpected EOF"],
  ["within its first", "head -c 1700 t.tar", "unexpected EOF"],
  ["between the two", "head -c 2048 t.tar", undefined],
  ["before them", "head -c 1536 t.tar", undefined],
  ["with something else for the second", "(head -c 2048 t.tar; head -c 512 t.tar)", "archive/tar: invalid tar header"],
])("an archive cut %s", async (_name, cut, text) => {
  const tried = {
    setup: `mkdir q; echo 1 > q/f; tar cf t.tar q; ${cut} > cut.tar`,
    dockerfile: "FROM scratch\nADD cut.tar /a/",
  };
  if (text) expect(await builder.refusal(tried)).toContain(text);
  else expect(pick(await builder.tree(await builder.build(tried)), "a/q/f")).toEqual(["-rw-r--r-- 0/0"]);
});

test("here-documents are of the time of the build, or of the one that it is given", async () => {
  const dockerfile = "FROM busybox\nCOPY <<f /a/\n1\nf\n";
  const image = await builder.build({ dockerfile });
  const [line = ""] = pick(await builder.tree(image, { times: true }), "a/f");
  expect(Math.abs(Number(line.split(" ").at(-1)) - Date.now() / 1000)).toBeLessThan(3600);
  const dated = await builder.build({ dockerfile, flags: ["--build-arg", "SOURCE_DATE_EPOCH=1600000000"] });
  expect(pick(await builder.tree(dated, { times: true }), "a/f", "a")).toEqual([
    "-rw-r--r-- 0/0 1600000000",
    "drwxr-xr-x 0/0 1600000000",
  ]);
});
