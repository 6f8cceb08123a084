/** Held against what the docker CLI sends (testdata/create.json, made by test/cli/record-create.ts). */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { splitCase } from "../../../../../test/cli/create-cases.ts";
import type { FlagValues } from "../../../flags/flag.ts";
import { parseFlags } from "../../../flags/parse.ts";
import { createBody } from "./config.ts";
import { createFlags } from "./flags.ts";
import recorded from "./testdata/create.json";

/** Where docker ran while its bodies were recorded. */
const recordedDir = "/tmp/berth-create-cases";

/** Cases in which this CLI differs on purpose, with the words or the body it has instead. */
const differences: Record<string, string> = {
  // Docker's CSV reader and its JSON library speak of their own innards.
  "--security-opt seccomp=broken.json busybox": "compacting json for seccomp profile (broken.json) failed: ",
  // Docker 28.2.2 spells it with a capital; later versions do not.
  "--security-opt foo busybox": 'Invalid --security-opt: "foo"',
  "--security-opt seccomp= busybox": 'Invalid --security-opt: "seccomp="',
  "--security-opt label busybox": 'Invalid --security-opt: "label"',
  // Known to later versions of docker.
  "--mount type=bind,src=/a,dst=/b,bind-create-src busybox": "",
};

/** Refused by docker after the body is made, or answered by other parts of the command. */
const elsewhere =
  /^--cidfile|^--pull foo|^$|^BusyBox|^busybox:latest@x|^Foo\/Bar|^--use-api-socket|--gpus all --device/;

let dir: string;
beforeAll(() => {
  dir = realpathSync(mkdtempSync("/tmp/berth-create-"));
  cpSync(`${import.meta.dir}/testdata`, dir, { recursive: true });
});
afterAll(() => rmSync(dir, { recursive: true }));

type Json = Record<string, unknown>;
interface Case {
  line: string;
  code: number;
  stderr: string;
  query?: Json;
  body?: Json;
}
const cases: Case[] = recorded;
const base: Json = cases[0]?.body ?? {};

async function ours(line: string): Promise<{ body: unknown; error: string }> {
  try {
    const parsed = parseFlags(createFlags, splitCase(line), false);
    const [image = "", ...command] = parsed.args;
    // The values were parsed by these very flags.
    const flags = parsed.values as FlagValues<typeof createFlags>;
    const body = await createBody({
      flags,
      changed: parsed.changed,
      image,
      command,
      cwd: dir,
      env: { FOO: "from the environment" },
      engineHost: "unix:///x",
    });
    return { body: JSON.parse(JSON.stringify(body).replaceAll(dir, recordedDir)), error: "" };
  } catch (error) {
    return { body: null, error: error instanceof Error ? error.message : String(error) };
  }
}

/** A recorded body in full: only its difference from the first was kept. */
function whole(difference: Json): Json {
  const { absent, HostConfig, ...own } = difference;
  const body: Json = { ...base, ...own, HostConfig: { ...asObject(base["HostConfig"]), ...asObject(HostConfig) } };
  for (const key of Array.isArray(absent) ? absent : []) delete body[String(key)];
  return body;
}

const asObject = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

/** Docker walks through maps in any order. */
function unordered(body: Json): Json {
  const host: Json = { ...asObject(body["HostConfig"]) };
  if (Array.isArray(host["Binds"])) host["Binds"] = [...host["Binds"]].sort();
  return { ...body, Env: Array.isArray(body["Env"]) ? [...body["Env"]].sort() : body["Env"], HostConfig: host };
}

test("the first case is the plain one", () => {
  expect(cases[0]?.line).toBe("busybox");
});

for (const { line, code, stderr, body } of cases.filter(({ line }) => !elsewhere.test(line))) {
  test(`create ${line}`, async () => {
    const result = await ours(line);
    const expectedError = differences[line];
    if (expectedError !== undefined) return expect(result.error).toStartWith(expectedError);
    if (code !== 0) return expect(result.error).toBe((stderr.split("\n\n")[0] ?? "").replace(/^docker: /, ""));
    expect(result.error).toBe("");
    expect(unordered(asObject(result.body) as Json)).toEqual(unordered(whole(body ?? {})));
  });
}
