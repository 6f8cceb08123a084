/** Images, builds, volumes, events and the state of the engine through our own command line, beside docker. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { berthBinary, Daemon, dockerClients, type Result, sh } from "../harness.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-cli-");
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  rmSync(scratch, { recursive: true });
  await daemon?.[Symbol.asyncDispose]();
});

const run = (argv: readonly string[], program = berthBinary, input?: string | Uint8Array): Promise<Result> =>
  sh([program, ...argv], {
    env: { DOCKER_HOST: daemon.host, HOME: scratch, TZ: "UTC" },
    ...(input !== undefined && { input }),
  });

/** Standard output of a call that must succeed, trimmed. */
async function ok(...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(argv);
  if (exitCode !== 0) throw new Error(`berth ${argv.join(" ")}: exit ${exitCode}: ${stderr}${stdout}\n${daemon.log()}`);
  return stdout.trim();
}

test("an image: tag, list, look into, save, remove, load", async () => {
  await ok("tag", "busybox", "team/app:1");
  expect(await ok("images", "--format", "{{.Repository}}:{{.Tag}}", "team/app")).toBe("team/app:1");
  const id = await ok("image", "inspect", "-f", "{{.ID}}", "team/app:1");
  expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await ok("history", "-q", "--no-trunc", "team/app:1")).toBe(id);
  await ok("save", "-o", `${scratch}/app.tar`, "team/app:1");
  expect(statSync(`${scratch}/app.tar`).mode & 0o777).toBe(0o600);
  const piped = await sh(["sh", "-c", `${berthBinary} save team/app:1 | tar t`], {
    env: { DOCKER_HOST: daemon.host, HOME: scratch },
  });
  expect(piped.stdout).toContain("manifest.json");
  expect(await ok("rmi", "team/app:1")).toBe("Untagged: team/app:1");
  expect(await ok("load", "-i", `${scratch}/app.tar`)).toBe("Loaded image: team/app:1");
  expect((await run(["rmi", "team/app:1", "no/such"])).exitCode).toBe(1);
});

test("a build, quiet and told where to write the id", async () => {
  writeFileSync(`${scratch}/Dockerfile`, "FROM busybox\nCOPY note.txt /note.txt\nLABEL made=here\n");
  writeFileSync(`${scratch}/note.txt`, "hello\n");
  const id = await ok("build", "-q", "-t", "built", "--iidfile", `${scratch}/id`, scratch);
  expect(await Bun.file(`${scratch}/id`).text()).toBe(id);
  expect(await ok("run", "--rm", "built", "cat", "/note.txt")).toBe("hello");
  expect(await ok("image", "inspect", "-f", '{{index .Config.Labels "made"}}', "built")).toBe("here");
  expect((await run(["build", "-f", "-", scratch], berthBinary, "FROM busybox\nRUN exit 3\n")).exitCode).not.toBe(0);
  await ok("rmi", "built");
  expect(await ok("builder", "prune", "-a", "-f")).toContain("Total reclaimed space:");
});

test("import of an archive on standard input", async () => {
  const archive = await sh(
    ["sh", "-c", `tar c -C ${scratch} note.txt | ${berthBinary} import -c 'CMD ["x"]' -m why - imported:1`],
    { env: { DOCKER_HOST: daemon.host, HOME: scratch } },
  );
  expect(archive.stdout.trim()).toMatch(/^sha256:/);
  expect(await ok("image", "inspect", "-f", "{{.Config.Cmd}} {{.Comment}}", "imported:1")).toBe("[x] why");
  await ok("rmi", "imported:1");
});

test("a volume: create, look into, list, remove, prune", async () => {
  expect(await ok("volume", "create", "--label", "a=b", "vol1")).toBe("vol1");
  expect(await ok("volume", "inspect", "-f", "{{.Driver}} {{.Labels}}", "vol1")).toBe("local map[a:b]");
  expect(await ok("volume", "ls", "-q", "-f", "label=a=b")).toBe("vol1");
  expect(await ok("volume", "rm", "vol1")).toBe("vol1");
  const missing = await run(["volume", "rm", "vol1"]);
  expect([missing.exitCode, missing.stderr]).toEqual([1, "Error response from daemon: get vol1: no such volume\n"]);
  expect(await ok("volume", "prune", "-f")).toBe("Total reclaimed space: 0B");
});

test("events of a time that is over, as text, by template and as JSON", async () => {
  const since = String(Math.floor(Date.now() / 1000));
  await ok("volume", "create", "seen");
  await ok("volume", "rm", "seen");
  const until = String(Math.ceil(Date.now() / 1000) + 1);
  const shown = await ok("events", "--since", since, "--until", until, "-f", "volume=seen");
  expect(shown.split("\n").map((line) => line.split(" ").slice(1, 4).join(" "))).toEqual([
    "volume create seen",
    "volume destroy seen",
  ]);
  expect(
    await ok(
      "events",
      "--since",
      since,
      "--until",
      until,
      "-f",
      "volume=seen",
      "--format",
      "{{.Type}} {{.Action}} {{.Actor.ID}}",
    ),
  ).toBe("volume create seen\nvolume destroy seen");
  const [first = ""] = (
    await ok("events", "--since", since, "--until", until, "-f", "volume=seen", "--format", "json")
  ).split("\n");
  expect(JSON.parse(first)).toMatchObject({ Type: "volume", Action: "create", scope: "local" });
});

test("system prune takes what nobody uses, and says so", async () => {
  const container = await ok("create", "--name", "over", "busybox");
  const pruned = await ok("system", "prune", "-f");
  expect(pruned).toContain(`Deleted Containers:\n${container}\n`);
  expect(pruned).toContain("Total reclaimed space: ");
  expect((await run(["system", "prune"], berthBinary, "n\n")).stdout).toEndWith(
    "Are you sure you want to continue? [y/N] ",
  );
});

test("dial-stdio passes a whole conversation through", async () => {
  const { stdout } = await run(
    ["system", "dial-stdio"],
    berthBinary,
    "GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  );
  expect(stdout).toStartWith("HTTP/1.1 200");
  expect(stdout).toEndWith("OK");
});

/** What does not depend on the API version that the client speaks. */
const alike: string[][] = [
  ["images", "-q", "--no-trunc"],
  ["images", "--format", "{{.Repository}} {{.Tag}} {{.Digest}} {{.Size}}"],
  ["history", "--no-trunc", "--format", "{{.ID}} {{.CreatedBy}} {{.Size}}", "busybox"],
  ["image", "inspect", "-f", "{{.Os}}/{{.Architecture}} {{.RootFS.Layers}} {{.Config.Cmd}}", "busybox"],
  ["image", "inspect", "nope"],
  ["rmi", "nope"],
  ["network", "ls"],
  ["network", "ls", "--format", "json"],
  ["network", "inspect", "-f", "{{.Name}} {{.Driver}} {{.IPAM.Config}} {{.Options}}", "bridge"],
  ["network", "inspect", "nope"],
  ["network", "rm", "bridge"],
  ["volume", "ls"],
  ["volume", "inspect", "nope"],
  ["info", "-f", "{{.OSType}} {{.Driver}} {{.ServerVersion}} {{json .Plugins}}"],
  ["version", "-f", "{{.Server.Version}} {{.Server.Os}}"],
  ["images", "--filter", "nope=1"],
  ["network", "ls", "--filter", "nope=1"],
  ["volume", "ls", "--filter", "nope=1"],
  ["plugin", "ls"],
  ["pull", "localhost:1/nope:1"],
];

for (const line of alike) {
  test(`as docker: ${line.join(" ")}`, async () => {
    const [ours, theirs] = await Promise.all([run(line), run(line, dockerClients[0])]);
    expect(ours).toEqual({ ...theirs, stderr: theirs.stderr.replaceAll("docker ", "berth ") });
  });
}
