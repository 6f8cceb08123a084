/** Every Dockerfile of the corpus, all at once by bake and each by POST /build: the images are the same. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeContext } from "../build/context.ts";
import { corpus } from "../build/corpus.ts";
import { sh } from "../harness.ts";
import { Buildx } from "./rig.ts";

const rig = new Buildx();
const contexts = new Map<string, string>();
beforeAll(async () => {
  await rig.start();
  await rig.ok("tag", "busybox", "localhost/base");
  const targets: Record<string, object> = {};
  for (const [index, { dockerfile, files = {}, args, target }] of corpus.entries()) {
    const context = writeContext(rig.scratch, { Dockerfile: dockerfile, ...files });
    contexts.set(`case${index}`, context);
    targets[`case${index}`] = { context, tags: [`baked:${index}`], ...(args && { args }), ...(target && { target }) };
  }
  const group = { default: { targets: Object.keys(targets) } };
  writeFileSync(join(rig.scratch, "docker-bake.json"), JSON.stringify({ group, target: targets }));
  const baked = await rig.docker(["buildx", "bake", "--progress=plain"]);
  if (baked.exitCode !== 0) throw new Error(baked.stderr.slice(-5000));
}, 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

test.each(corpus.map(({ name }, index) => [name, index] as const))("%s", async (_, index) => {
  const { args = {}, target = "" } = corpus[index] ?? {};
  const archive = join(rig.scratch, `${index}.tar`);
  await sh(["tar", "-C", contexts.get(`case${index}`) ?? "", "-cf", archive, "."]);
  const query = new URLSearchParams({ t: `posted:${index}`, target, buildargs: JSON.stringify(args) });
  const response = await fetch(`http://d/build?${query}`, {
    unix: rig.host.replace("unix://", ""),
    method: "POST",
    body: Bun.file(archive),
  });
  expect(await response.text()).toContain(`Successfully tagged posted:${index}`);
  const inspect = (image: string) =>
    rig.ok("image", "inspect", "-f", "{{json .RootFS.Layers}} {{json .Config}} {{.Id}}", image);
  expect(await inspect(`baked:${index}`)).toBe(await inspect(`posted:${index}`));
});
