/** ARG and ENV of one name: the later counts, in what is expanded, in what a RUN sees, and in the cache. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Builder } from "../build/builder.ts";

let builder: Builder;
beforeAll(async () => {
  builder = await Builder.start();
});
afterAll(async () => {
  await builder?.[Symbol.asyncDispose]();
});

const dockerfile =
  'FROM busybox AS a\nENV V=env\nARG V=arg\nRUN echo "[$V]" > /1\nENV W=$V\nLABEL l=$V\nENV V=env2\nRUN echo ' +
  '"[$V]" > /2\nARG V=arg2\nRUN echo "[$V]" > /3\nARG V\nRUN echo "[$V]" > /4\nFROM a\nRUN echo "[$V]" > /5\n' +
  "ENV X=$V";
const results = async (image: string, count: number) =>
  (await Promise.all(Array.from({ length: count }, (_, at) => builder.content(image, `/${at + 1}`)))).map((text) =>
    text.trim(),
  );

test("by default", async () => {
  const image = await builder.build({ dockerfile });
  expect(await results(image, 5)).toEqual(["[arg]", "[env2]", "[arg2]", "[arg2]", "[env2]"]);
  const { config, history } = await builder.told(image);
  expect(config).toMatchObject({ Env: expect.arrayContaining(["V=env2", "W=arg", "X=env2"]), Labels: { l: "arg" } });
  expect(history.filter((line) => line.startsWith("RUN"))).toEqual([
    'RUN |1 V=arg /bin/sh -c echo "[$V]" > /1 # buildkit',
    'RUN |1 V=env2 /bin/sh -c echo "[$V]" > /2 # buildkit',
    'RUN |1 V=arg2 /bin/sh -c echo "[$V]" > /3 # buildkit',
    'RUN |1 V=arg2 /bin/sh -c echo "[$V]" > /4 # buildkit',
    'RUN |1 V=env2 /bin/sh -c echo "[$V]" > /5 # buildkit',
  ]);
});

test("with a value given, and an empty one: each has results of its own", async () => {
  expect(await results(await builder.build({ dockerfile, flags: ["--build-arg", "V=given"] }), 5)).toEqual([
    "[given]",
    "[env2]",
    "[given]",
    "[given]",
    "[env2]",
  ]);
  expect(await results(await builder.build({ dockerfile, flags: ["--build-arg", "V="] }), 5)).toEqual([
    "[]",
    "[env2]",
    "[]",
    "[]",
    "[env2]",
  ]);
  expect(await results(await builder.build({ dockerfile, flags: ["--build-arg", "V=other"] }), 5)).toEqual([
    "[other]",
    "[env2]",
    "[other]",
    "[other]",
    "[env2]",
  ]);
});

test("of the arguments before the first stage, and of the environment that a base has", async () => {
  const base = await builder.build({ dockerfile: "FROM busybox\nENV G=env" });
  const image = await builder.build({
    dockerfile:
      `ARG G=global\nFROM ${base}\nRUN echo $G > /1\nARG G\nRUN echo $G > /2\nARG PATH=/bin:/x N\nRUN echo $PATH ` +
      `> /3\nARG G=\nENV Q=\${G:-unset}\nRUN echo $Q > /4`,
  });
  expect(await results(image, 4)).toEqual(["env", "global", "/bin:/x", "unset"]);
  const { history } = await builder.told(image);
  expect(history.filter((line) => line.startsWith("ARG"))).toEqual(["ARG G=global", "ARG PATH=/bin:/x N", "ARG G="]);
  expect(history.at(-1)).toBe("RUN |3 G= PATH=/bin:/x N= /bin/sh -c echo $Q > /4 # buildkit");
});
