/** Builds: what they cost with and without a cache, and how they grow with the context. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, type Engine } from "./engines.ts";
import type { Scenario } from "./scenarios.ts";

const base = "FROM busybox:latest\n";

/** A context below the engine's scratch folder: a Dockerfile and `count` small files. */
function writeContext(engine: Engine, name: string, dockerfile: string, count = 0): string {
  const root = join(engine.root, `context-${name}`);
  rmSync(root, { recursive: true, force: true });
  for (let index = 0; index < count; index++) {
    const folder = join(root, "src", String(index % 100));
    if (index < 100) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file${index}.js`), `export const value = ${index};\n`.repeat(20));
  }
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "Dockerfile"), dockerfile);
  return root;
}

/** Builds with these arguments; returns ms. */
type Build = (engine: Engine, ...args: string[]) => Promise<number>;

/** The classic builder where the engine has two. Podman builds with buildah. */
async function buildClassic(engine: Engine, ...args: string[]): Promise<number> {
  const own = engine.name === "podman" ? ["--isolation", "chroot", "--layers"] : [];
  const { ms, exitCode, stderr } = await command(engine.argv("build", ...own, "-t", "bench", ...args), {
    ...engine.env,
    DOCKER_BUILDKIT: "0",
  });
  if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr.trim()}`);
  return ms;
}

const contextOf = (engine: Engine, name: string) => join(engine.root, `context-${name}`);

function scenario(
  build: Build,
  what: string,
  name: string,
  weight: number,
  dockerfile: string,
  files: number,
  options: { noCache?: boolean; warm?: boolean; change?: boolean } = {},
): Scenario {
  return {
    name: `build: ${what}`,
    weight,
    async before(engine) {
      writeContext(engine, name, dockerfile, files);
      if (options.warm)
        await build(engine, contextOf(engine, name)).catch((error: unknown) =>
          console.error(`${engine.name}: ${error}`),
        );
    },
    async run(engine, round) {
      const root = contextOf(engine, name);
      if (options.change) writeFileSync(join(root, "src/7/file7.js"), `changed ${round} ${Date.now()}\n`);
      return await build(engine, ...(options.noCache ? ["--no-cache"] : []), root);
    },
    after: async (engine) => rmSync(contextOf(engine, name), { recursive: true, force: true }),
  };
}

const steps = `${base}${Array.from({ length: 10 }, (_, index) => `RUN echo ${index} > /step${index}\n`).join("")}`;
const application = `${base}WORKDIR /app\nCOPY . .\nRUN echo built > /built\nCMD ["true"]\n`;
const eight = (line: (index: number) => string) => Array.from({ length: 8 }, (_, index) => line(index)).join("");
const stages = [
  eight((index) => `FROM busybox:latest AS s${index}\nRUN sleep 0.3; echo ${index} > /made${index}\n`),
  base,
  eight((index) => `COPY --from=s${index} /made${index} /\n`),
].join("");

/** What builds cost, by one way to build. */
export function buildsBy(build: Build): Scenario[] {
  return [
    scenario(build, "10 RUN steps, no cache", "steps", 0.5, steps, 0, { noCache: true }),
    scenario(build, "all cached, 2,000 files", "cached2k", 0.5, application, 2000, { warm: true }),
    scenario(build, "all cached, 20,000 files", "cached20k", 0.3, application, 20_000, { warm: true }),
    scenario(build, "one changed file of 2,000", "changed", 0.5, application, 2000, { warm: true, change: true }),
    scenario(build, "8 parallel stages, no cache", "stages", 0.3, stages, 0, { noCache: true }),
    scenario(build, "COPY of 20,000 files, no cache", "copy20k", 0.2, `${base}COPY src /src\n`, 20_000, {
      noCache: true,
    }),
  ];
}

export const buildScenarios = buildsBy(buildClassic);
