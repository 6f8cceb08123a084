/**
 * A container's working directory is there from its creation on: clients copy files into it, and out of it, before they
 * start it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
  const maker = await daemon.ok(
    "run",
    "-d",
    "busybox",
    "sh",
    "-c",
    [
      "mkdir /real /own",
      "chown 1000:1000 /own",
      "ln -s /real /link",
      "ln -s /nowhere/x /dangling",
      "ln -s ../../../../../../berth-outside /escaping",
      "ln -s circle /circle",
      "ln -s /etc/passwd /to-file",
    ].join(" && "),
  );
  await daemon.ok("wait", maker);
  await daemon.ok("commit", "-c", 'CMD ["true"]', maker, "links");
  await daemon.ok("commit", "-c", 'CMD ["true"]', "-c", "WORKDIR /named/here", maker, "with-workdir");
  await daemon.ok(
    "commit",
    "-c",
    'CMD ["true"]',
    "-c",
    "VOLUME /named",
    "-c",
    "WORKDIR /named/here",
    maker,
    "with-volume",
  );
  await daemon.ok("rm", maker);
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const create = async (body: object) =>
  (await daemon.api("POST", "/containers/create", { Image: "links", ...body })).json as {
    Id: string;
    message?: string;
  };
const changes = async (id: string) =>
  (await daemon.api("GET", `/containers/${id}/changes`)).json as { Path: string; Kind: number }[] | null;
/** `path owner mode` of what comes out of a container at a path. */
const copied = async (id: string, path: string) => {
  const response = await fetch(`http://d/containers/${id}/archive?path=${path}`, { unix: daemon.socket });
  const { stdout } = await sh(["tar", "tv", "--numeric-owner"], {
    input: new Uint8Array(await response.arrayBuffer()),
  });
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split(/\s+/))
    .map(([mode, owner, , , , name]) => `${name} ${owner} ${mode}`);
};
const made = [
  { Path: "/a", Kind: 1 },
  { Path: "/a/b", Kind: 1 },
];

describe("is made at create", () => {
  test("and copied out of, by the real command line", async () => {
    const id = await daemon.ok("create", "-w", "/a/b", "busybox", "true");
    const into = join(daemon.root, "copied");
    mkdirSync(into);
    await daemon.ok("cp", `${id}:/a/b`, into);
    expect(readdirSync(into)).toEqual(["b"]);
    expect(await changes(id)).toEqual(made);
  });
  test.each<[string, object, { Path: string; Kind: number }[] | null, string]>([
    ["is root's whoever runs", { WorkingDir: "/a/b", User: "1000" }, made, "/a/b"],
    ["on a root that is read only", { WorkingDir: "/a/b", HostConfig: { ReadonlyRootfs: true } }, made, "/a/b"],
    ["below a tmpfs to be", { WorkingDir: "/a/b", HostConfig: { Tmpfs: { "/a": "" } } }, made, "/a/b"],
    ["below a volume, which takes it over", { WorkingDir: "/a/b", HostConfig: { Binds: ["taking:/a"] } }, made, "/a/b"],
    ["where a volume goes", { WorkingDir: "/a/b", HostConfig: { Binds: ["on-it:/a/b"] } }, made, "/a/b"],
    ["with dots in its name", { WorkingDir: "/x/../a/./b/" }, made, "/a/b"],
    [
      "as the image says",
      { Image: "with-workdir" },
      [
        { Path: "/named", Kind: 1 },
        { Path: "/named/here", Kind: 1 },
      ],
      "/named/here",
    ],
    [
      "in a volume of the image",
      { Image: "with-volume" },
      [
        { Path: "/named", Kind: 1 },
        { Path: "/named/here", Kind: 1 },
      ],
      "/named/here",
    ],
    [
      "in somebody's directory",
      { WorkingDir: "/own/w", User: "1000" },
      [
        { Path: "/own", Kind: 0 },
        { Path: "/own/w", Kind: 1 },
      ],
      "/own/w",
    ],
    [
      "behind a link",
      { WorkingDir: "/link/w" },
      [
        { Path: "/real", Kind: 0 },
        { Path: "/real/w", Kind: 1 },
      ],
      "/real/w",
    ],
    [
      "where a link leads",
      { WorkingDir: "/dangling" },
      [
        { Path: "/nowhere", Kind: 1 },
        { Path: "/nowhere/x", Kind: 1 },
      ],
      "/nowhere/x",
    ],
    [
      "below where a link leads",
      { WorkingDir: "/dangling/w" },
      ["/nowhere", "/nowhere/x", "/nowhere/x/w"].map((Path) => ({ Path, Kind: 1 })),
      "/nowhere/x/w",
    ],
    [
      "inside the root whatever a link says",
      { WorkingDir: "/escaping/w" },
      ["/berth-outside", "/berth-outside/w"].map((Path) => ({ Path, Kind: 1 })),
      "/berth-outside/w",
    ],
  ])("%s", async (_, body, wanted, at) => {
    const { Id } = await create(body);
    expect(await changes(Id)).toEqual(wanted);
    expect(await copied(Id, at)).toEqual([`${at.slice(at.lastIndexOf("/") + 1)}/ 0/0 drwxr-xr-x`]);
    expect(existsSync("/berth-outside")).toBe(false);
  });
  test.each(["/", "/real", "/link", ""])("but not where there is one: %j", async (WorkingDir) => {
    expect(await changes((await create({ WorkingDir })).Id)).toBeNull();
  });
  test("on the way of a bind, whose source is left alone", async () => {
    const source = join(daemon.root, "bound");
    mkdirSync(source);
    const { Id } = await create({ WorkingDir: "/a/b", HostConfig: { Binds: [`${source}:/a`] } });
    expect(readdirSync(source)).toEqual([]);
    expect(await changes(Id)).toEqual(made);
  });
  test("and what was copied into it is there for the program", async () => {
    writeFileSync(join(daemon.root, "hostname"), "mine");
    const id = await daemon.ok("create", "-w", "/a/b", "--user", "1000", "busybox", "sh", "-c", "pwd; cat hostname");
    await daemon.ok("cp", join(daemon.root, "hostname"), `${id}:/a/b/`);
    expect(await daemon.ok("start", "-a", id)).toBe("/a/b\nmine");
  });
  test("and once more at a start, where the program removed it", async () => {
    const id = await daemon.ok("create", "-w", "/a/b", "busybox", "sh", "-c", "pwd; rmdir /a/b");
    for (let start = 0; start < 2; start++) expect(await daemon.ok("start", "-a", id)).toBe("/a/b");
  });
});

test("a volume whose place is behind a link that leads nowhere is copied into", async () => {
  const id = await daemon.ok("create", "-v", "behind:/dangling/v", "links", "cat", "/nowhere/x/v/hostname");
  writeFileSync(join(daemon.root, "hostname"), "mine");
  await daemon.ok("cp", join(daemon.root, "hostname"), `${id}:/dangling/v/`);
  expect(await daemon.ok("start", "-a", id)).toBe("mine");
});

describe("is refused, and nothing stays behind", () => {
  test.each([
    ["/etc/passwd", "Cannot mkdir: /etc/passwd is not a directory"],
    ["/to-file", "Cannot mkdir: /to-file is not a directory"],
    ["/etc/passwd/x/y", "Cannot mkdir: /etc/passwd/x/y is not a directory"],
    ["/circle", /^evalSymlinksInScope: too many links in .*\/circle$/],
    ["/circle/x", /^evalSymlinksInScope: too many links in .*\/circle\/x$/],
    [`/${"x".repeat(300)}`, /: file name too long$/],
    ["/a\0b", /: invalid argument$/],
  ])("%j", async (WorkingDir, message) => {
    const before = await settled();
    const answer = await create({ WorkingDir, HostConfig: { Binds: ["/anonymous", "named:/n"] } });
    expect(answer.message).toMatch(message);
    // Layers are deleted behind the answer.
    await until("what was made to go", async () => Bun.deepEquals(await everything(), before), 10_000).catch(() => {});
    expect(await everything()).toEqual(before);
  });

  /** {@link everything}, once nothing of earlier work changes it any more. */
  async function settled(): Promise<unknown> {
    let last: unknown;
    return until("quiet", async () => {
      const seen = await everything();
      const same = Bun.deepEquals(seen, last);
      last = seen;
      return same && seen;
    });
  }

  /** Containers, volumes, layers and mounts that there are. */
  async function everything(): Promise<unknown> {
    const containers = (await daemon.api("GET", "/containers/json?all=1")).json as { Id: string }[];
    const volumes = ((await daemon.api("GET", "/volumes")).json as { Volumes: { Name: string }[] }).Volumes;
    const { stdout } = await sh([
      "find",
      daemon.dataRoot,
      "-xdev",
      "-maxdepth",
      "4",
      "-type",
      "d",
      "-regextype",
      "posix-extended",
      "-regex",
      ".*/[0-9a-f]{64}",
    ]);
    const mounts = (await daemon.strays()).filter((what) => what.startsWith("mount"));
    return {
      containers: containers.map(({ Id }) => Id).sort(),
      volumes: volumes.map(({ Name }) => Name).sort(),
      directories: stdout.split("\n").sort(),
      mounts: mounts.sort(),
    };
  }
});
