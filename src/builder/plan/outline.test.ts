import { expect, test } from "bun:test";
import { atOnce } from "../../lib/breath.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { parseDockerfile } from "../dockerfile/parse.ts";
import { outlineOf } from "./outline.ts";
import { plan } from "./plan.ts";

function outline(text: string, { target = "", buildArgs = {} }: { target?: string; buildArgs?: object } = {}) {
  const dockerfile = atOnce(parseDockerfile(text));
  const args = Object.fromEntries(Object.entries(buildArgs).map(([name, value]) => [name, String(value)]));
  const options = { target, buildArgs: args, platform: hostPlatform(), contexts: new Set<string>() };
  return outlineOf(atOnce(plan(dockerfile, options)), {
    dockerfile,
    buildArgs: args,
    base: () => ({ env: ["FROMBASE=b"], shell: false }),
  });
}

const lines = (found: { name: string; range: { start: number } }[]) =>
  found.map(({ name, range }) => `${name}:${range.start}`);

const text = `# NET is for the name
ARG NET=x
ARG BASEV=latest
ARG UNUSED=1
ARG IMG=busybox:\${BASEV}
# first is first
FROM \${IMG} AS first
# A is the a
# B is the b
ARG A=1 B=\${A}2 C
ARG NET
ARG TARGETARCH
RUN --mount=type=secret,id=one --mount=type=secret,src=two true
RUN --mount=type=ssh,id=key,required --mount=type=secret,target=/run/three,env=X true $A

FROM alpine AS other
ARG Z=z$FROMBASE
RUN --mount=type=ssh true

FROM first AS copies
COPY --from=other / /
RUN --mount=type=secret,id=one,required true
FROM scratch
FROM first as Last
# L
ARG L
`;

test("arguments of the target, of the stages below it, and those before the first FROM that they are made of", () => {
  const { name, description, args, secrets, agents } = outline(text);
  expect([name, description]).toEqual(["last", undefined]);
  expect(args.map((arg) => [arg.name, arg.value, arg.description, arg.range.start])).toEqual([
    ["NET", "x", "is for the name", 2],
    ["BASEV", "latest", undefined, 3],
    ["IMG", "busybox:latest", undefined, 5],
    ["A", "1", "is the a", 10],
    ["B", "12", "is the b", 10],
    ["C", undefined, undefined, 10],
    ["L", undefined, undefined, 26],
  ]);
  expect(lines(secrets)).toEqual(["one:13", "two:13", "three:14"]);
  expect(agents.map((agent) => [agent.name, agent.required])).toEqual([["key", true]]);
});

test("stages that are copied from count, those that are not needed do not; the nearest use of a secret is told", () => {
  const { args, secrets, agents } = outline(text, { target: "copies", buildArgs: { BASEV: "1.36", A: "7" } });
  expect(args.map((arg) => `${arg.name}=${arg.value}`)).toEqual([
    "NET=x",
    "BASEV=1.36",
    "IMG=busybox:1.36",
    "A=7",
    "B=72",
    "C=undefined",
    "Z=zb",
  ]);
  expect(lines(secrets)).toEqual(["two:13", "three:14", "one:22"]);
  expect(lines(agents)).toEqual(["key:14", "default:18"]);
});
