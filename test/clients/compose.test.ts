/** Docker Compose, the plugin of today and the program of old, tell one story. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, dockerClients, sh } from "../harness.ts";
import { compose } from "./debian.ts";

let daemon: Daemon;
let plugins: string;
let project: string;
beforeAll(async () => {
  [daemon, plugins] = await Promise.all([Daemon.start(), compose()]);
}, 900_000);
beforeAll(() => {
  project = mkdtempSync("/tmp/berth-compose-");
});
afterAll(async () => {
  rmSync(project, { recursive: true, force: true });
  await daemon?.[Symbol.asyncDispose]();
});

const clients: Record<string, () => string[]> = {
  "docker compose 2": () => [dockerClients[0] ?? "docker", "--config", plugins, "compose", "--ansi", "never"],
  "docker-compose 1": () => ["docker-compose", "--no-ansi"],
};

describe.each(Object.keys(clients))("%s", (name) => {
  const folder = () => join(project, name.replaceAll(" ", "-"));
  const run = (...args: string[]) =>
    sh([...(clients[name]?.() ?? []), "-p", "shop", "-f", join(folder(), "compose.yml"), ...args], {
      env: { DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: "0", COMPOSE_DOCKER_CLI_BUILD: "0" },
    });
  const ok = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(...args);
    if (exitCode !== 0) throw new Error(`${args.join(" ")}: exit ${exitCode}: ${stdout}${stderr}`);
    return stdout;
  };
  const write = (page: string) => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), "page"), page);
    writeFileSync(join(folder(), "Dockerfile"), "FROM busybox\nCOPY page /www/index.html\n");
    writeFileSync(
      join(folder(), "compose.yml"),
      [
        'version: "3.4"',
        "services:",
        "  web:",
        "    build: .",
        "    stop_signal: SIGKILL",
        "    command: httpd -f -h /www",
        '    ports: ["80"]',
        '    volumes: ["data:/data"]',
        "    environment: {WORD: said}",
        "    healthcheck: {test: [CMD, wget, -qO-, 'http://127.0.0.1/'], interval: 1s, start_period: 5s}",
        "  asks:",
        "    image: busybox",
        "    stop_signal: SIGKILL",
        "    depends_on: [web]",
        "    command: sleep 1000",
        "    networks: [default, back]",
        "volumes: {data: {labels: {kept: here}}}",
        "networks: {back: {internal: true}}",
        "",
      ].join("\n"),
    );
  };
  const idOf = async (service: string) => (await ok("ps", "-q", service)).trim();

  test("builds, starts, asks, changes one, scales, takes away", async () => {
    write("first");
    await ok("up", "-d", "--build");
    expect(await ok("exec", "-T", "asks", "wget", "-qO-", "http://web/")).toBe("first");
    expect(await ok("exec", "-T", "web", "sh", "-c", "echo $WORD")).toBe("said\n");
    expect(await ok("port", "web", "80")).toMatch(/^0\.0\.0\.0:\d+\n$/);
    const before = { web: await idOf("web"), asks: await idOf("asks") };

    await ok("up", "-d");
    expect({ web: await idOf("web"), asks: await idOf("asks") }).toEqual(before);

    await ok("exec", "-T", "web", "sh", "-c", "echo stays >/data/file");
    write("second");
    await ok("up", "-d", "--build");
    expect(await idOf("web")).not.toBe(before.web);
    expect(await ok("exec", "-T", "asks", "wget", "-qO-", "http://web/")).toBe("second");
    expect(await ok("exec", "-T", "web", "cat", "/data/file")).toBe("stays\n");

    await ok("up", "-d", "--scale", "asks=3");
    expect((await ok("ps", "-q", "asks")).trim().split("\n")).toHaveLength(3);
    expect(await ok("run", "--rm", "-T", "asks", "echo", "once")).toBe("once\n");
    expect(await ok("logs", "--no-color", "web")).not.toContain("rror");
    await ok("stop", "-t", "0");
    await ok("start");
    await ok("down", "-v", "-t", "0", "--rmi", "local");
    expect((await daemon.api("GET", "/containers/json?all=1")).json).toEqual([]);
    expect((await daemon.api("GET", "/volumes")).json.Volumes).toEqual([]);
    expect((await daemon.api("GET", "/networks")).json.map(({ Name }: { Name: string }) => Name).sort()).toEqual([
      "bridge",
      "host",
      "none",
    ]);
    // Each of the thirty commands is a Python program of its own.
  }, 300_000);
});
