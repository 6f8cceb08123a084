/**
 * Dockerfiles that Docker's classic builder knows, built here and by dockerd: configuration and files must be the same,
 * times and links too.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import { setXattr } from "../../src/linux/xattr.ts";
import { Daemon, dockerClients, sh } from "../harness.ts";
import { writeContext } from "./context.ts";
import { startDockerd } from "./dockerd.ts";

const docker = dockerClients[0] ?? "docker";
const scratch = mkdtempSync("/tmp/berth-reference-");
let daemon: Daemon;
let reference: Awaited<ReturnType<typeof startDockerd>>;

const cases: [name: string, dockerfile: string, files?: Record<string, string>][] = [
  [
    "a directory's contents, into one that is there and one that is not",
    "FROM busybox\nRUN mkdir -m 700 /dst && chown 5:6 /dst\nCOPY dir /dst\nCOPY dir /dst2\nADD dir /dst3/",
    { "dir/x": "1", "dir/sub/y|640": "2", "dir/e/": "" },
  ],
  [
    "what a link at the destination leads to",
    "FROM busybox\nRUN ln -s /etc/passwd /l; ln -s nowhere /dangling; ln -s /tmp /t\nCOPY f /l\nCOPY f " +
      "/dangling\nCOPY f /t\nCOPY f /t/g",
    { f: "1" },
  ],
  [
    "several names of one file",
    "FROM busybox AS a\nRUN mkdir /h && echo 1 > /h/a && ln /h/a /h/b && mkfifo /h/p && mknod /h/c c 1 3\nFROM " +
      "busybox\nCOPY --from=a /h /h",
  ],
  [
    "owners by number and name",
    "FROM busybox\nCOPY --chown=5:6 f /a\nCOPY --chown=7 f /b\nCOPY --chown=www-data:daemon dir /c",
    { f: "1", "dir/x": "1" },
  ],
  [
    "quotes and variables of ENV, LABEL and CMD",
    'FROM busybox\nENV A="a b" B=\'c $A\' C=x\\ y D="q\\"q" E=$A$B\nENV F $A g  h\nLABEL l="$A" m=\'$A\'\nCMD echo $A',
  ],
  ["ports from variables and ranges", "FROM busybox\nARG P=80\nEXPOSE $P 90-92 53/udp"],
  [
    "names with spaces, directories, wildcards",
    'FROM busybox\nADD ["a b", "/y z/"]\nCOPY d?r/* /x/\nWORKDIR /w\nCOPY . .',
    { "dir/x": "1", "dir/sub/z": "1", "a b": "1", ".hidden": "2" },
  ],
  [
    "what is removed and made again",
    "FROM busybox\nRUN rm -rf /home && mkdir /home && echo 1 > /home/n\nRUN rm /etc/group\nRUN chmod 600 /etc/passwd",
  ],
  [
    "the rest of the configuration",
    'FROM busybox\nSTOPSIGNAL 9\nHEALTHCHECK --interval=3s CMD true\nSHELL ["/bin/sh", "-ec"]\nENTRYPOINT exec ' +
      'top\nCMD ["-b"]\nVOLUME /v /w\nUSER 1:2\nONBUILD RUN true',
  ],
  [
    "links and modes",
    "FROM busybox\nCOPY d /d\nCOPY d/link /got",
    { "d/run.sh|755": "#!/bin/sh\n", "d/link": "-> run.sh", "d/secret|600": "s", "d/dangling": "-> gone" },
  ],
];

beforeAll(async () => {
  if (!Bun.which("dockerd")) return;
  [daemon, reference] = await Promise.all([Daemon.start(), startDockerd()]);
  await sh([docker, "import", "--change", 'CMD ["sh"]', await rootfsTar("busybox"), "busybox:latest"], {
    env: { DOCKER_HOST: reference.host },
  });
});
afterAll(async () => {
  await Promise.all([daemon?.[Symbol.asyncDispose](), reference?.[Symbol.asyncDispose]()]);
  rmSync(scratch, { recursive: true, force: true });
});

async function run(host: string, ...args: string[]): Promise<string> {
  const done = await sh([docker, ...args], { env: { DOCKER_HOST: host, DOCKER_BUILDKIT: "0" } });
  if (done.exitCode !== 0) throw new Error(`docker ${args.join(" ")} at ${host}: ${done.stderr}`);
  return done.stdout.trim();
}

/**
 * Kind, mode, owner, size, time and link of everything; times of now are told apart from older ones only. Directories
 * have theirs of who writes last, which differs between Docker's builders.
 */
async function filesOf(host: string): Promise<string[]> {
  const id = await run(host, "create", "--network", "none", "built", "x");
  const archive = join(scratch, "export.tar");
  await run(host, "export", "-o", archive, id);
  await run(host, "rm", id);
  const { stdout } = await sh(
    ["tar", "--xattrs", "--xattrs-include=*", "--full-time", "--numeric-owner", "-tvvf", archive],
    { env: { TZ: "UTC" } },
  );
  const year = new Date().getUTCFullYear();
  return stdout
    .split("\n")
    .filter(
      (line) => !/ (\.dockerenv|etc\/(hosts|hostname|resolv.conf|mtab|)|(dev|proc|sys)(\/.*)?)( -> .*)?$/.test(line),
    )
    .map((line) =>
      line
        .replace(new RegExp(`${year}-\\d\\d-\\d\\d [0-9:.]+`), "now")
        .replace(/(\d\d:\d\d:\d\d)\.\d+/, "$1")
        .replace(/^(d.*?) (now|\d{4}-\S+ \S+) /, "$1 "),
    )
    .sort();
}

async function configOf(host: string): Promise<Record<string, unknown>> {
  const { Config } = JSON.parse(await run(host, "image", "inspect", "built"))[0];
  const told = Object.entries(Config).filter(
    ([key, value]) => !["Image", "Hostname", "ArgsEscaped"].includes(key) && value && JSON.stringify(value) !== "{}",
  );
  return Object.fromEntries(told);
}

describe.skipIf(!Bun.which("dockerd"))("as dockerd builds it:", () => {
  test.each(cases)("%s", async (_name, dockerfile, files = {}) => {
    const root = writeContext(scratch, { Dockerfile: dockerfile, ...files });
    await sh(["find", root, "-exec", "touch", "-h", "-d", "2020-02-02T02:02:02Z", "{}", "+"]);
    const [ours, theirs] = await Promise.all(
      [daemon.host, reference.host].map((host) =>
        run(host, "build", "-q", "-t", "built", root).then(() => configOf(host)),
      ),
    );
    expect(ours).toEqual(theirs ?? {});
    const want = await filesOf(reference.host);
    expect(await filesOf(daemon.host)).toEqual(want);
    expect(want.length).toBeGreaterThan(100);
  });

  test("extended attributes: from an archive, and from stage to stage", async () => {
    const root = writeContext(scratch, {
      Dockerfile:
        "FROM busybox AS a\nADD caps.tar /un/\nFROM busybox\nCOPY --from=a /un /copied\nADD caps.tar /un/\nRUN " +
        "cp -p /un/plain /moved",
      "caps/ping|755": "x",
      "caps/plain": "y",
    });
    // cap_net_raw=ep, as setcap writes it (capabilities(7), version 2).
    setXattr(
      join(root, "caps/ping"),
      "security.capability",
      Uint8Array.of(1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    );
    expect(
      (
        await sh([
          "tar",
          "--xattrs",
          "--xattrs-include=*",
          "-C",
          join(root, "caps"),
          "-cf",
          join(root, "caps.tar"),
          "ping",
          "plain",
        ])
      ).exitCode,
    ).toBe(0);
    await sh(["find", root, "-exec", "touch", "-h", "-d", "2020-02-02T02:02:02Z", "{}", "+"]);
    await Promise.all([daemon.host, reference.host].map((host) => run(host, "build", "-q", "-t", "built", root)));
    const ours = await filesOf(daemon.host);
    expect(ours).toEqual(await filesOf(reference.host));
    expect(ours.filter((line) => line.includes("security.capability"))).toHaveLength(2);
  });
});
