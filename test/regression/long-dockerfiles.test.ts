/** A Dockerfile of any length costs its length, and nobody else waits for it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { besideBystander } from "../bystander.ts";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start({ images: [] });
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const lines = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join("\n");
const base = "FROM scratch AS s0\nCOPY f /\n";

/** Milliseconds of processor; a breath is due after ten. */
const longest = 100;

async function build(dockerfile: string, query = ""): Promise<string> {
  const archive = await new Bun.Archive({ Dockerfile: dockerfile, f: "x" }).bytes();
  const reply = await fetch(`http://d/build?t=long${query}`, {
    unix: daemon.engineSocket,
    method: "POST",
    body: archive,
    headers: { "content-type": "application/x-tar" },
  });
  return reply.text();
}

test.each<[string, string, string]>([
  ["stages upon each other", base + lines(3000, (at) => `FROM s${at} AS s${at + 1}\nUSER u${at}`), "USER u2999"],
  ["stages beside each other", base + lines(2000, (at) => `FROM scratch AS t${at}\nENV A=${at}`), "ENV A=1999"],
  ["variables", base + lines(10_000, (at) => `ENV a${at}=1`), "ENV a9999=1"],
  ["labels and ports", base + lines(3000, (at) => `LABEL a${at}=1\nEXPOSE ${at + 1}`), "EXPOSE 3000"],
  ["comments", `${base}${"# a\n".repeat(500_000)}USER done`, "USER done"],
  ["lines that go on", `${base}ENV A=1 \\\n${"# a\n\\\n".repeat(200_000)} B=2\nUSER done`, "USER done"],
])("%s", async (_what, dockerfile, last) => {
  const { result, held } = await besideBystander(daemon, () => build(dockerfile));
  expect(result.slice(0, 4000)).not.toContain("errorDetail");
  expect(result).toContain(last);
  expect(result).toContain("Successfully built");
  expect(held).toBeLessThan(longest);
});

test("names that are nearly others' are looked for with breaths", async () => {
  const variables = lines(1000, (at) => `ENV variable${at}=1`);
  const dockerfile = `FROM scratch\n${variables}\n${lines(1000, (at) => `USER $variabel${at}`)}`;
  const { result, held } = await besideBystander(daemon, () => build(dockerfile, "&check=1"));
  expect(JSON.parse(result)).toBeArray();
  expect(held).toBeLessThan(longest);
});

test("white space behind << costs its length", async () => {
  const { result, held } = await besideBystander(daemon, () =>
    build(`${base}RUN <<${" ".repeat(1_000_000)}X\ntrue\nX\n`, "&check=1"),
  );
  expect(JSON.parse(result)).toEqual([]);
  expect(held).toBeLessThan(longest);
});

test("a long row of stages is no deep one", async () => {
  const dockerfile = `${base}${lines(10_000, (at) => `FROM s${at} AS s${at + 1}`)}`;
  const { result, held } = await besideBystander(daemon, () => build(dockerfile));
  expect(result.slice(-2000)).toContain("Successfully built");
  expect(held).toBeLessThan(longest);
});
