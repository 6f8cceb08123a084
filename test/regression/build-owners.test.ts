/** Whose files are after COPY, ADD and WORKDIR: of a context root's, of anything else whose they were. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Builder, pick } from "../build/builder.ts";

let builder: Builder;
beforeAll(async () => {
  builder = await Builder.start();
});
afterAll(async () => {
  await builder?.[Symbol.asyncDispose]();
});

const made =
  "FROM busybox AS made\nRUN mkdir -p /d/sub && touch /d/f && ln -s f /d/l && chown -h 5:6 /d/l && chown 9:9 " +
  "/d/f && chown 7:8 /d /d/sub && chmod 750 /d && chmod 6755 /d/f\n";

test(
  "what comes out of a stage keeps its owners; --chown " + "gives another; directories on the way are root's",
  async () => {
    const image = await builder.build({
      dockerfile:
        `${made}FROM scratch\nCOPY --from=made /d /d\nCOPY --from=made /d/f /x/y/\nCOPY --from=made --chown=3:4 /d ` +
        "/new/e\nCOPY --from=made /d/l /followed",
    });
    expect(
      pick(
        await builder.tree(image),
        "d",
        "d/f",
        "d/sub",
        "d/l",
        "x",
        "x/y/f",
        "new",
        "new/e/f",
        "new/e/l",
        "followed",
      ),
    ).toEqual([
      "drwxr-xr-x 0/0",
      "-rwsr-sr-x 9/9",
      "drwxr-xr-x 7/8",
      "lrwxrwxrwx 5/6 -> f",
      "drwxr-xr-x 0/0",
      "-rwsr-sr-x 9/9",
      "drwxr-xr-x 3/4",
      "-rwsr-sr-x 3/4",
      "lrwxrwxrwx 3/4 -> f",
      "-rwsr-sr-x 9/9",
    ]);
  },
);

test("an image that goes on as another user can write what was made for that user", async () => {
  await builder.build({
    dockerfile:
      "FROM busybox AS made\nRUN mkdir -p /app/data && chown -R 1000:1000 /app\nFROM busybox\nCOPY --from=made " +
      "/app /app\nUSER 1000\nRUN touch /app/data/x",
  });
});

test("of another image, and of a named context that is one", async () => {
  const other = await builder.build({ dockerfile: made });
  const image = await builder.build({
    client: "berth",
    flags: ["--build-context", `named=docker-image://${other}`],
    dockerfile: `FROM scratch\nCOPY --from=${other} /d /d\nCOPY --from=named /d /e`,
  });
  expect(pick(await builder.tree(image), "d/f", "e/f", "e/sub")).toEqual([
    "-rwsr-sr-x 9/9",
    "-rwsr-sr-x 9/9",
    "drwxr-xr-x 7/8",
  ]);
});

test("two stages that differ in owners alone are not taken for each other", async () => {
  const dockerfile = (owner: string) =>
    `FROM busybox AS made\nRUN mkdir /d && touch -d @0 /d/f /d && chown ${owner} /d/f\nFROM scratch\nCOPY ` +
    "--from=made /d /d";
  const [first, second] = [
    await builder.build({ dockerfile: dockerfile("9:9") }),
    await builder.build({ dockerfile: dockerfile("8:8") }),
  ];
  expect([...pick(await builder.tree(first), "d/f"), ...pick(await builder.tree(second), "d/f")]).toEqual([
    "-rw-r--r-- 9/9",
    "-rw-r--r-- 8/8",
  ]);
});

test("what comes with a context is root's, whoever sends it", async () => {
  const setup = "mkdir d && touch f d/f && chown -R 9:9 f d";
  for (const client of ["docker", "berth"] as const) {
    const image = await builder.build({ client, setup, dockerfile: "FROM scratch\nCOPY . /c\nADD d /d" });
    expect(pick(await builder.tree(image), "c/f", "c/d", "c/d/f", "d/f")).toEqual([
      "-rw-r--r-- 0/0",
      "drwxr-xr-x 0/0",
      "-rw-r--r-- 0/0",
      "-rw-r--r-- 0/0",
    ]);
  }
});

test("ADD --chown goes for an archive, and for the directory that takes it", async () => {
  const setup = "mkdir q && touch q/a && chown 3:3 q/a && tar cf t.tar q && tar cf bare.tar q/a && rm -r q";
  const image = await builder.build({
    setup,
    dockerfile: "FROM scratch\nADD --chown=5:6 t.tar /w/x/\nADD t.tar /v/\nADD --chown=5:6 bare.tar /u/",
  });
  expect(
    pick(await builder.tree(image), "w", "w/x", "w/x/q", "w/x/q/a", "v", "v/q", "v/q/a", "u", "u/q", "u/q/a"),
  ).toEqual([
    "drwxr-xr-x 5/6",
    "drwxr-xr-x 5/6",
    "drwxr-xr-x 5/6",
    "-rw-r--r-- 5/6",
    "drwxr-xr-x 0/0",
    "drwxr-xr-x 0/0",
    "-rw-r--r-- 3/3",
    "drwxr-xr-x 5/6",
    "drwxr-xr-x 0/0",
    "-rw-r--r-- 5/6",
  ]);
});

test("root needs no accounts; other names do where there is nothing", async () => {
  const image = await builder.build({
    files: { f: "1" },
    dockerfile:
      "FROM scratch\nCOPY --chown=root f /a\nCOPY --chown=root:root f /b\nCOPY --chown=5:root f /c\nCOPY " +
      "--chown=root:5 f /d\nUSER root:root\nWORKDIR /w",
  });
  expect(pick(await builder.tree(image), "a", "b", "c", "d", "w")).toEqual([
    "-rw-r--r-- 0/0",
    "-rw-r--r-- 0/0",
    "-rw-r--r-- 5/0",
    "-rw-r--r-- 0/5",
    "drwxr-xr-x 0/0",
  ]);
  expect(await builder.refusal({ files: { f: "1" }, dockerfile: "FROM scratch\nCOPY --chown=app f /a" })).toContain(
    "unable to find user app: no matching entries in passwd file",
  );
});

test("a number alone is the group too; names as the image knows them, and root's where it does not", async () => {
  const image = await builder.build({
    files: { f: "1" },
    dockerfile:
      "FROM busybox\nRUN echo u1:x:7:8::/: >> /etc/passwd && echo g1:x:99: >> /etc/group\nCOPY --chown=u1 f /a\n" +
      "COPY --chown=u1:g1 f /b\nCOPY --chown=7 f /c\nCOPY --chown=7: f /d\nCOPY --chown=:g1 f /e\nCOPY " +
      "--chown=nobodyx:5 f /g\nCOPY --chown=33:nobodyx f /h",
  });
  expect(pick(await builder.tree(image), "a", "b", "c", "d", "e", "g", "h").map((each) => each.split(" ")[1])).toEqual([
    "7/8",
    "7/99",
    "7/7",
    "7/0",
    "0/99",
    "0/5",
    "33/33",
  ]);
});

test("a WORKDIR is its USER's, with the group of the same number; links on its way lead where they lead", async () => {
  const image = await builder.build({
    dockerfile:
      "FROM busybox\nRUN ln -s /far/away /l\nUSER 1234\nWORKDIR /w/x\nUSER 1234:55\nWORKDIR /v\nUSER www-data\n" +
      "WORKDIR /u\nUSER root\nWORKDIR /l/y\nRUN pwd > /pwd",
  });
  expect(pick(await builder.tree(image), "w", "w/x", "v", "u", "far/away/y", "l")).toEqual([
    "drwxr-xr-x 1234/1234",
    "drwxr-xr-x 1234/1234",
    "drwxr-xr-x 1234/55",
    "drwxr-xr-x 33/33",
    "drwxr-xr-x 0/0",
    "lrwxrwxrwx 0/0 -> /far/away",
  ]);
  expect(await builder.refusal({ dockerfile: "FROM busybox\nRUN touch /x\nWORKDIR /x/y" })).toContain(
    "lstat /x/y: not a directory",
  );
});

test("--chmod goes for the directories that are made on the way", async () => {
  const image = await builder.build({
    files: { "d/f": "1" },
    dockerfile:
      "FROM scratch\nCOPY --chmod=640 d /x/y/\nCOPY --chmod=750 d/f /z/f\nCOPY --chmod=777 d/f /w/f\nCOPY " +
      "--chmod=u+s d/f /v/f",
  });
  expect(
    pick(await builder.tree(image), "x", "x/y", "x/y/f", "z", "z/f", "w", "w/f", "v", "v/f").map(
      (each) => each.split(" ")[0],
    ),
  ).toEqual([
    "drw-r-----",
    "drw-r-----",
    "-rw-r-----",
    "drwxr-x---",
    "-rwxr-x---",
    "drwxr-xr-x",
    "-rwxrwxrwx",
    "drwxr-xr-x",
    "-rwSr--r--",
  ]);
  expect(await builder.refusal({ files: { f: "1" }, dockerfile: "FROM scratch\nCOPY --chmod=17777 f /f" })).toContain(
    "invalid chmod parameter: '17777'. it should be octal string and between 0 and 07777",
  );
});
