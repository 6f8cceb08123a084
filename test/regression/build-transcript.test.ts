/** What `POST /build` sends while it builds: the stream of Docker's classic builder, message for message. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { writeContext } from "../build/context.ts";
import { Daemon, sh } from "../harness.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-transcript-");

beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

/**
 * The messages of a build in their order, ids by their place of first appearance; the aux as `aux`, an error as `error:
 * …`.
 */
async function stream(dockerfile: string, query = ""): Promise<string[]> {
  const archive = await sh([
    "tar",
    "-C",
    writeContext(scratch, { Dockerfile: dockerfile, f: "1" }),
    "-cf",
    `${scratch}/context.tar`,
    ".",
  ]);
  expect(archive.exitCode).toBe(0);
  const answer = await fetch(`http://d/v1.51/build?${query}`, {
    unix: daemon.socket,
    method: "POST",
    headers: { "content-type": "application/x-tar" },
    body: Bun.file(`${scratch}/context.tar`),
  });
  const ids = new Map<string, string>();
  const nameOf = (id: string) => {
    const name = ids.get(id) ?? `#${ids.size}`;
    ids.set(id, name);
    return name;
  };
  const named = (text: string) => text.replace(/\b[0-9a-f]{12}\b/g, nameOf);
  return (await answer.text())
    .trim()
    .split("\n")
    .map((line) => {
      const message: { stream?: string; aux?: unknown; error?: string } = JSON.parse(line);
      return named(message.stream ?? (message.aux ? "aux" : `error: ${message.error ?? ""}`));
    });
}

const step = (text: string) => [`Step ${text}`, "\n"];
const ran = (container: string, ...output: string[]) => [
  ` ---> Running in ${container}\n`,
  ...output,
  ` ---> Removed intermediate container ${container}\n`,
];
const cached = " ---> Using cache\n";
const now = (id: string) => ` ---> ${id}\n`;

test(
  "each step says what it is, where it runs and what " + "the image is then, the last one's id being the image's",
  async () => {
    const dockerfile = 'FROM busybox\nENV A=b\nRUN echo hi\nCOPY f /f\nCMD ["sh"]\n';
    expect(await stream(dockerfile, "t=told")).toEqual([
      ...step("1/5 : FROM busybox"),
      now("#0"),
      ...step("2/5 : ENV A=b"),
      now("#1"),
      ...step("3/5 : RUN echo hi"),
      ...ran("#2", "hi\n"),
      now("#3"),
      ...step("4/5 : COPY f /f"),
      now("#4"),
      ...step('5/5 : CMD ["sh"]'),
      now("#5"),
      "aux",
      "Successfully built #5\n",
      "Successfully tagged told:latest\n",
    ]);
    expect(await stream(dockerfile)).toEqual([
      ...step("1/5 : FROM busybox"),
      now("#0"),
      ...step("2/5 : ENV A=b"),
      cached,
      now("#1"),
      ...step("3/5 : RUN echo hi"),
      cached,
      now("#2"),
      ...step("4/5 : COPY f /f"),
      cached,
      now("#3"),
      ...step('5/5 : CMD ["sh"]'),
      cached,
      now("#4"),
      "aux",
      "Successfully built #4\n",
    ]);
  },
);

test("of steps without a layer those that lead to something new are not from the cache", async () => {
  await stream("FROM busybox\nENV B=1\nRUN echo once\nLABEL l=1\n");
  const cachedOf = async (dockerfile: string, query = "") =>
    (await stream(dockerfile, query)).filter((text) => text === cached).length;
  expect(await cachedOf("FROM busybox\nENV B=1\nRUN echo once\nLABEL l=2\n")).toBe(2);
  expect(await cachedOf("FROM busybox\nENV B=2\nRUN echo once\nLABEL l=1\n")).toBe(0);
  expect(await cachedOf("FROM busybox\nENV B=1\nRUN echo once\nLABEL l=1\n", "nocache=1")).toBe(0);
  expect(await cachedOf("FROM busybox\nUSER 7\n")).toBe(0);
  expect(await cachedOf("FROM busybox\nUSER 7\n")).toBe(1);
  expect(await cachedOf("FROM busybox\nUSER 7\n", "nocache=1")).toBe(0);
});

test("stages are told in the order of the file, with all steps counted from the start", async () => {
  const dockerfile =
    "ARG BASE=busybox\nFROM $BASE AS one\nRUN sleep 0.3; echo made >/x\nENV LAST=1\nFROM busybox AS unused\n" +
    "RUN false\nFROM one AS two\nCOPY f /f\nFROM scratch\nCOPY --from=two /x /x\n";
  const first = await stream(dockerfile);
  expect(first).toEqual([
    ...step("1/8 : ARG BASE=busybox"),
    ...step("2/8 : FROM $BASE AS one"),
    now("#0"),
    ...step("3/8 : RUN sleep 0.3; echo made >/x"),
    ...ran("#1"),
    now("#2"),
    ...step("4/8 : ENV LAST=1"),
    now("#3"),
    ...step("5/8 : FROM one AS two"),
    now("#3"),
    ...step("6/8 : COPY f /f"),
    now("#4"),
    ...step("7/8 : FROM scratch"),
    now(""),
    ...step("8/8 : COPY --from=two /x /x"),
    now("#5"),
    "aux",
    "Successfully built #5\n",
  ]);
  expect((await stream(dockerfile)).filter((text) => text === cached)).toHaveLength(4);
});

test("what a base brings is told under its FROM", async () => {
  await stream("FROM busybox\nONBUILD RUN echo brought\nONBUILD ENV A=b\n", "t=bringing");
  const dockerfile = "FROM bringing\nRUN echo own\n";
  expect((await stream(dockerfile)).slice(0, -2)).toEqual([
    ...step("1/2 : FROM bringing"),
    "# Executing 2 build triggers",
    "\n",
    ...ran("#0", "brought\n"),
    now("#1"),
    ...step("2/2 : RUN echo own"),
    ...ran("#2", "own\n"),
    now("#3"),
  ]);
  expect((await stream(dockerfile)).slice(0, -2)).toEqual([
    ...step("1/2 : FROM bringing"),
    "# Executing 2 build triggers",
    "\n",
    cached,
    cached,
    now("#0"),
    ...step("2/2 : RUN echo own"),
    cached,
    now("#1"),
  ]);
  expect(await stream("FROM bringing\n")).toContain(cached);
});

test("a command that fails is told in the classic builder's words, behind its place", async () => {
  const told = await stream("FROM busybox\nENV A=b\nRUN echo out; exit 3\n");
  expect(told.slice(0, -1)).toEqual([
    ...step("1/3 : FROM busybox"),
    now("#0"),
    ...step("2/3 : ENV A=b"),
    now("#1"),
    ...step("3/3 : RUN echo out; exit 3"),
    " ---> Running in #2\n",
    "out\n",
  ]);
  expect(told.at(-1)).toStartWith("error: Dockerfile:3:1\n");
  expect(told.at(-1)).toEndWith("\nThe command '/bin/sh -c echo out; exit 3' returned a non-zero code: 3");
});

test(
  "arguments that nobody asks for are told of, with and without a value; those that a stage asks for that is not " +
    "needed are not",
  async () => {
    const warned = async (dockerfile: string, args: Record<string, string | null>) =>
      (await stream(dockerfile, `buildargs=${encodeURIComponent(JSON.stringify(args))}`)).filter((text) =>
        text.startsWith("[Warning]"),
      );
    expect(await warned("FROM busybox\nRUN true\n", { X: null, B: "1", http_proxy: "x" })).toEqual([
      "[Warning] One or more build-args [B X] were not consumed\n",
    ]);
    expect(await warned("FROM busybox\nARG X\n", { X: null })).toEqual([]);
    expect(await warned("FROM busybox AS a\nARG X\nFROM busybox\nRUN true\n", { X: "1" })).toEqual([]);
  },
);
