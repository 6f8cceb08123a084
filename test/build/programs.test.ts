/** Programs of Debian and of npm, built from the Dockerfiles in `programs/`, run and used. Needs those registries. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, dockerClients, sh, until } from "../harness.ts";

const folder = (name: string) => join(import.meta.dir, "programs", name);
let daemon: Daemon;

beforeAll(async () => {
  daemon = await Daemon.start({ images: ["debian"] });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

const env = () => ({ DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: "0" });

/** `docker build`: the packages come over the host's network. */
async function build(name: string, ...args: string[]): Promise<string> {
  const built = await sh(
    [dockerClients[0] ?? "docker", "build", "--network", "host", "-t", name, ...args, folder(name)],
    { env: env(), timeout: 170_000 },
  );
  expect(built.exitCode === 0 ? "" : built.stdout.slice(-3000) + built.stderr).toBe("");
  return built.stdout;
}

async function addressOf(name: string): Promise<string> {
  return await daemon.ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", name);
}

test("redis answers PING", async () => {
  await build("redis");
  await daemon.ok("run", "-d", "--name", "redis", "redis");
  await until(
    "redis to answer",
    async () => (await daemon.docker("exec", "redis", "redis-cli", "ping")).stdout.trim() === "PONG",
  );
  await daemon.ok("exec", "redis", "redis-cli", "set", "key", "value");
  expect(await daemon.ok("exec", "redis", "redis-cli", "get", "key")).toBe("value");
}, 180_000);

test("nginx serves the page of the build, and leaves in peace", async () => {
  await build("nginx", "--build-arg", "GREETING=Moin");
  await daemon.ok("run", "-d", "--name", "nginx", "nginx");
  const url = `http://${await addressOf("nginx")}/`;
  expect(
    await until(
      "nginx to answer",
      async () =>
        await fetch(url).then(
          (r) => r.text(),
          () => "",
        ),
    ),
  ).toBe("<h1>Moin</h1>\n");
  await until("the log", async () => (await daemon.ok("logs", "nginx")).includes("GET / HTTP/1.1"));
  await daemon.ok("stop", "nginx");
  expect(await daemon.ok("inspect", "-f", "{{.State.ExitCode}}", "nginx")).toBe("0");
}, 180_000);

test("a C program from a stage with a compiler stands alone in its image", async () => {
  await build("c");
  expect(await daemon.ok("run", "--rm", "c", "30")).toBe("2 3 5 7 11 13 17 19 23 29");
  expect(JSON.parse(await daemon.ok("image", "inspect", "c"))[0].RootFS.Layers.length).toBe(1);
  expect(await daemon.docker("run", "--rm", "--entrypoint", "/bin/sh", "c")).toMatchObject({ exitCode: 127 });
  // The compiler's stage is known; only the program's changes.
  const again = await build("c", "--target", "program");
  expect(again).not.toContain("Unpacking");
}, 180_000);

test("a Node application gets its packages with npm ci and serves", async () => {
  const authorities = join(daemon.root, "ca.pem");
  await Bun.write(authorities, Bun.file("/etc/ssl/certs/ca-certificates.crt"));
  const built = await sh(
    [
      join(import.meta.dir, "../../bin/berth"),
      "build",
      "--network",
      "host",
      "--secret",
      `id=ca,src=${authorities}`,
      "-t",
      "node",
      folder("node"),
    ],
    { env: env(), timeout: 170_000 },
  );
  expect(built.exitCode === 0 ? "" : built.stdout.slice(-3000) + built.stderr.slice(-3000)).toBe("");
  await daemon.ok("run", "-d", "--name", "node", "node");
  const url = `http://${await addressOf("node")}:3000/`;
  const text = await until(
    "the application to answer",
    async () =>
      await fetch(url).then(
        (r) => r.text(),
        () => "",
      ),
  );
  expect(JSON.parse(text)).toEqual({ day: 86_400_000, newer: true, user: 33, environment: "production" });
  expect((await daemon.docker("run", "--rm", "node", "ls", "/run/secrets")).stdout).toBe("");
  rmSync(authorities);
}, 180_000);

test("postgres holds what the build put into it, and is healthy", async () => {
  await build("postgres");
  await daemon.ok("run", "-d", "--name", "postgres", "--shm-size", "128m", "postgres");
  await until(
    "postgres to be healthy",
    async () => (await daemon.ok("inspect", "-f", "{{.State.Health.Status}}", "postgres")) === "healthy",
  );
  const select = (query: string) => daemon.ok("exec", "postgres", "psql", "-tA", "shop", "-c", query);
  expect(await select("SELECT sum(price) FROM item")).toBe("7");
  await select("INSERT INTO item VALUES ('plum', 5)");
  await daemon.ok("restart", "postgres");
  await until(
    "postgres to be back",
    async () => (await daemon.docker("exec", "postgres", "pg_isready")).exitCode === 0,
  );
  expect(await select("SELECT count(*) FROM item")).toBe("3");
}, 180_000);

test("docker-compose builds, starts, lists and takes away", async () => {
  const project = join(daemon.root, "project");
  await Bun.write(
    join(project, "web/Dockerfile"),
    'FROM debian\nARG WORD\nRUN echo $WORD > /word\nCMD ["sh", "-c", "cat /word; exec sleep 1000"]\n',
  );
  writeFileSync(
    join(project, "docker-compose.yml"),
    [
      "version: '3.4'",
      "services:",
      "  web:",
      "    build:",
      "      context: web",
      "      args: {WORD: compose}",
      "    labels: {part: web}",
      "    stop_grace_period: 0s",
      "  db:",
      "    image: debian",
      "    command: sleep 1000",
      "    stop_grace_period: 0s",
      "    volumes: ['data:/data']",
      "volumes: {data: {}}",
      "",
    ].join("\n"),
  );
  const compose = async (...args: string[]) => {
    const result = await sh(
      [
        "docker-compose",
        "--project-directory",
        project,
        "-f",
        join(project, "docker-compose.yml"),
        "-p",
        "shop",
        ...args,
      ],
      { env: { ...env(), COMPOSE_DOCKER_CLI_BUILD: "0" } },
    );
    expect(result.exitCode === 0 ? "" : result.stdout + result.stderr).toBe("");
    return result.stdout + result.stderr;
  };
  expect(await compose("build")).toContain("Successfully tagged shop_web:latest");
  await compose("up", "-d");
  const shown = await compose("ps");
  expect(shown).toMatch(/shop_web_1.*Up/);
  expect(shown).toMatch(/shop_db_1.*Up/);
  expect(await compose("logs", "--no-color", "web")).toContain("compose");
  expect(await compose("exec", "-T", "db", "getent", "hosts", "web")).toContain("web");
  await compose("down", "-v");
  expect(await daemon.ok("ps", "-aq", "--filter", "label=com.docker.compose.project=shop")).toBe("");
  expect(await daemon.ok("volume", "ls", "-q")).not.toContain("shop_data");
});
