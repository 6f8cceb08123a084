/** The daemon ends, or dies, while clients of BuildKit's interface build: the cache holds, and nothing stays behind. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { decodeName } from "../../src/lib/tar/names.ts";
import { Daemon, sh, until } from "../harness.ts";
import { type Content, folder, type Outcome, RawClient } from "./raw-client.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-crash-");
beforeAll(async () => {
  daemon = await Daemon.start({ direct: "the client speaks HTTP/2 by itself, and breaks it off" });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

/** One folder, whoever builds it. */
const sharedKey = "ctx:one-folder";
const files = (round: number): Record<string, Content> => ({
  Dockerfile: [
    "FROM busybox",
    "COPY a /",
    "RUN cp /a /made",
    "COPY big many* /",
    "RUN cat /big /many* | wc -c >/count",
    "RUN --mount=type=cache,target=/c echo x >>/c/x && sleep 0.2",
  ].join("\n"),
  a: "first",
  big: function* () {
    for (let at = 0; at < 100; at++) yield new Uint8Array(32 * 1024).fill(round + at);
  },
  many1: "one",
  many2: `two ${round}`,
});

const build = async (client: RawClient, round: number, content = files(round)): Promise<Outcome> => {
  const id = client.name();
  await client.session(id, [folder(content, round)], sharedKey);
  return client.solve(client.request(client.name(), id));
};
const imageOf = async (outcome: Promise<Outcome>) => {
  const { error, response } = await outcome;
  expect(error).toBeUndefined();
  return response.get("containerimage.digest") ?? "";
};
/** What builds have on the machine while they run. */
const scraps = () => {
  const { execRoot, dataRoot } = daemon;
  const folders = [join(execRoot, "builds"), join(dataRoot, "tmp"), join(dataRoot, "tmp/images")].filter(existsSync);
  return folders.flatMap((each) => readdirSync(each)).filter((name) => name !== "images");
};
const clean = async () => {
  await until("nothing to be left", async () => scraps().length === 0 && (await daemon.strays()).length === 0, 15_000);
};

test("many builds of one folder on one connection, some of them given up, come out right", async () => {
  await using client = await RawClient.open(daemon.socket);
  const all = await Promise.all(
    Array.from({ length: 10 }, async (_, at) => {
      const id = client.name();
      await client.session(id, [folder(files(at % 3), at % 3)], sharedKey);
      const given = at % 4 === 3 ? AbortSignal.timeout(50 * at) : undefined;
      return { at, given, outcome: await client.solve(client.request(client.name(), id), given) };
    }),
  );
  const images = new Map<number, string>();
  for (const { at, given, outcome } of all) {
    if (given?.aborted && outcome.error) continue;
    expect(outcome.error).toBeUndefined();
    const image = outcome.response.get("containerimage.digest") ?? "";
    const round = at % 3;
    const said = await daemon.ok("run", "--rm", image, "sh", "-c", "cat /many2 /count; od -An -tu1 -N1 /big");
    expect(said.replace(/\s+/g, " ")).toBe(`two ${round}${100 * 32 * 1024 + 3 + 5} ${round}`);
    expect(images.get(round) ?? image).toBe(image);
    images.set(round, image);
  }
  await clean();
}, 120_000);

test("a daemon that is told to end ends its builds first, and the next one has their cache", async () => {
  const client = await RawClient.open(daemon.socket);
  const before = await imageOf(build(client, 50));
  const id = client.name();
  await client.session(id, [folder({ Dockerfile: "FROM busybox\nRUN echo begun && sleep 1111111\n" })]);
  const ref = client.name();
  const told = client.vertices(ref);
  const outcome = client.solve(client.request(ref, id));
  await until("the step to run", async () => (await sh(["pgrep", "-f", "sleep 1111111"])).exitCode === 0);
  const began = Date.now();
  await daemon.signal("SIGTERM");
  expect(Date.now() - began).toBeLessThan(4_000);
  expect((await sh(["pgrep", "-f", "sleep 1111111"])).exitCode).toBe(1);
  expect((await outcome).error?.message).toMatch(/context canceled|connection has ended/);
  await told;
  await client[Symbol.asyncDispose]();
  await daemon.up();
  expect(scraps()).toEqual([]);
  await using next = await RawClient.open(daemon.socket);
  expect(await imageOf(build(next, 50))).toBe(before);
}, 60_000);

test("a daemon that dies at any moment of a build leaves a cache that holds", async () => {
  for (let round = 0; round < 6; round++) {
    const client = await RawClient.open(daemon.socket);
    const dying = build(client, 100 + round).catch(() => undefined);
    await Bun.sleep(40 + 130 * round);
    await daemon.kill();
    await dying;
    await client[Symbol.asyncDispose]();
    await daemon.up();
    await using next = await RawClient.open(daemon.socket);
    const image = await imageOf(build(next, 100 + round));
    const said = await daemon.ok("run", "--rm", image, "sh", "-c", "cat /made /many2 /count; od -An -tu1 -N1 /big");
    expect(said.replace(/\s+/g, " ")).toBe(`firsttwo ${100 + round}${100 * 32 * 1024 + 3 + 7} ${100 + round}`);
    await clean();
  }
}, 180_000);

test("names of files that are no text are the same in the image", async () => {
  await using client = await RawClient.open(daemon.socket);
  const names = [Buffer.from([0x78, 0xfe]), Buffer.from([0x78, 0xff]), Buffer.from("ä")].map(decodeName);
  const content = Object.fromEntries(names.map((name, at) => [name, `file ${at}`]));
  const image = await imageOf(build(client, 0, { Dockerfile: "FROM busybox\nCOPY . /d/\n", ...content }));
  const said = await daemon.ok(
    "run",
    "--rm",
    image,
    "sh",
    "-c",
    'cd /d; for f in [!D]*; do printf %s "$f" | od -An -tx1; cat "$f"; done',
  );
  expect(
    said
      .split(/\s*\n\s*|(?<=\d)\s(?=[a-f0-9]{2} )/)
      .join(" ")
      .replace(/\s+/g, " ")
      .trim(),
  ).toBe("78 fe file 0 78 ff file 1 c3 a4 file 2");
});
