/**
 * Docker's plugins of the command line, and the program by another name: links to the launcher, programs of the test's
 * own.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dockerRelease } from "../../src/api/version.ts";
import { type StubEngine, stubEngine } from "../../src/cli/testing.ts";
import { berthBinary, type Result, sh } from "../harness.ts";

const root = mkdtempSync("/tmp/berth-plugins-");
const docker = join(root, "docker");
const config = join(root, "config");
const extra = join(root, "extra");
let engine: StubEngine;

/** A plugin that says how it was called, and ends with 7. `metadata`: what it answers when it is asked what it is. */
function plugin(folder: string, name: string, metadata: unknown): string {
  const path = join(folder, `docker-${name}`);
  const said = typeof metadata === "string" ? metadata : JSON.stringify(metadata);
  writeFileSync(
    path,
    `#!/bin/sh
[ "$1" = docker-cli-plugin-metadata ] && { echo '${said}'; exit; }
for each; do printf '<%s>' "$each"; done
echo " host=$DOCKER_HOST by=$DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"
exit 7
`,
  );
  chmodSync(path, 0o755);
  return path;
}

beforeAll(() => {
  for (const folder of [config, join(config, "cli-plugins"), extra]) mkdirSync(folder);
  symlinkSync(berthBinary, docker);
  writeFileSync(join(config, "config.json"), JSON.stringify({ cliPluginsExtraDirs: [extra] }));
  engine = stubEngine({ "GET /info": () => Response.json({ ServerVersion: "1" }) });
  const sound = { SchemaVersion: "0.1.0", Vendor: "Test", Version: "v1.2", ShortDescription: "Tries plugins" };
  const own = join(config, "cli-plugins");
  plugin(own, "tryit", sound);
  plugin(own, "secret9", { ...sound, Hidden: true });
  plugin(own, "twice", sound);
  plugin(extra, "twice", { ...sound, ShortDescription: "Counts first" });
  plugin(own, "broken", "no");
  plugin(own, "novendor", { SchemaVersion: "0.1.0" });
  plugin(own, "ps", sound);
  plugin(own, "Loud", sound);
  chmodSync(plugin(own, "noexec", sound), 0o644);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

const call = (args: string[], env: Record<string, string> = {}): Promise<Result> =>
  sh([docker, ...args], { env: { HOME: root, DOCKER_HOST: engine.host, DOCKER_CONFIG: config, ...env } });

test("a plugin is called with the whole command line, and its end is the program's", async () => {
  expect(await call(["-D", "--config", config, "tryit", "up", "--x=1", "a b"])).toEqual({
    exitCode: 7,
    stderr: "",
    stdout: `<-D><--config><${config}><tryit><up><--x=1><a b> host=${engine.host} by=${docker}\n`,
  });
  expect((await call(["help", "tryit"])).stdout).toStartWith("<help><tryit> ");
  expect((await call(["tryit", "--help"])).stdout).toStartWith("<tryit><--help> ");
  expect((await call(["secret9"])).exitCode).toBe(7);
});

test("it finds the engine that the program itself would find", async () => {
  const host = async (args: string[]) => (await call(args, { DOCKER_HOST: "" })).stdout.split(" ").at(-2);
  expect(await host(["tryit"])).toBe("host=unix:///run/berth/berth.sock");
  expect(await host(["-c", "default", "tryit"])).toBe("host=unix:///run/berth/berth.sock");
  // By what was said on the command line, or the context that it reads itself.
  expect(await host(["-H", "unix:///x", "tryit"])).toBe("host=");
  expect(await host(["-c", "other", "tryit"])).toBe("host=");
});

test("signals reach it: it stands in the program's place", async () => {
  const path = join(config, "cli-plugins", "docker-waits");
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$1" = docker-cli-plugin-metadata ] && { echo '{"SchemaVersion":"0.1.0","Vendor":"x"}'; ` +
      "exit; }\ntrap 'echo told; exit 3' TERM\ngrep SigIgn /proc/self/status\nwhile :; do sleep 0.05; done\n",
  );
  chmodSync(path, 0o755);
  const child = Bun.spawn([docker, "waits"], {
    env: { ...process.env, HOME: root, DOCKER_CONFIG: config },
    stdout: "pipe",
  });
  const reader = child.stdout.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("SigIgn:\t0000000000000000\n");
  child.kill("SIGTERM");
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("told\n");
  expect(await child.exited).toBe(3);
  rmSync(path);
});

test("what is no sound plugin, and what is a command already, is not called", async () => {
  for (const name of ["broken", "novendor", "noexec", "Loud", "nobody"]) {
    expect(await call([name])).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: `docker: unknown command: docker ${name}\n\nRun 'docker --help' for more information\n`,
    });
  }
  expect((await call(["ps", "x"])).stderr).toContain("'docker ps' accepts no arguments");
});

test("help lists them among the nouns, and those that are not sound", async () => {
  const { stdout } = await call(["--help"]);
  expect(stdout).toMatch(
    /\n {2}trust +Manage trust in images\n {2}tryit\* +Tries plugins\n {2}twice\* +Counts first\n {2}volume /,
  );
  expect(stdout).not.toContain("secret9");
  expect(stdout).toContain(
    `\nInvalid Plugins:\n  Loud        plugin candidate "Loud" did not match "^[a-z][a-z0-9]*$"\n  broken      ` +
      "invalid metadata: not a JSON object\n",
  );
  expect(stdout).toContain("  novendor    plugin metadata does not define a vendor\n");
  expect(stdout).toContain('  ps          plugin "ps" duplicates builtin command\n');
});

test("info shows them, with where they lie", async () => {
  const shown = await call(["info"]);
  expect(shown.stdout).toContain(
    `  twice: Counts first (Test)\n    Version:  v1.2\n    Path:     ${extra}/docker-twice\n`,
  );
  expect(shown.stderr).toContain(
    `WARNING: Plugin "${config}/cli-plugins/docker-novendor" is not valid: plugin metadata does not define a vendor\n`,
  );
  const plugins: Record<string, unknown>[] = JSON.parse(
    (await call(["info", "-f", "{{json .ClientInfo.Plugins}}"])).stdout,
  );
  expect(plugins.find(({ Name }) => Name === "twice")).toEqual({
    SchemaVersion: "0.1.0",
    Vendor: "Test",
    Version: "v1.2",
    ShortDescription: "Counts first",
    Name: "twice",
    Path: `${extra}/docker-twice`,
    ShadowedPaths: [`${config}/cli-plugins/docker-twice`],
  });
  expect((await call(["info", "-f", "{{range .ClientInfo.Plugins}}{{.Name}} {{end}}"])).stdout).toContain(
    "tryit twice",
  );
});

test("completion names them, and leaves what follows to them; it is asked as Docker's scripts ask, too", async () => {
  expect((await call(["__complete", "--", "t"])).stdout).toBe(
    "tag\tGive an image a further name\ntop\tShow the processes of a container\ntrust\tManage trust in images\n" +
      "tryit\tTries plugins\ntwice\tCounts first\n:4\n",
  );
  expect((await call(["__complete", "tr"])).stdout).toBe("trust\tManage trust in images\ntryit\tTries plugins\n:4\n");
  expect((await call(["__complete", "--conf"])).stdout).toBe("--config\tDirectory of the client's configuration\n:4\n");
  expect((await call(["__complete", "--", "-D", "tryit", "up", "--"])).stdout).toStartWith(
    "<__complete><tryit><up><--> ",
  );
  expect((await call(["__completeNoDesc", "tryit", ""])).stdout).toStartWith("<__completeNoDesc><tryit><> ");
});

test("by the name of docker it says what Docker would say", async () => {
  expect((await call(["-v"])).stdout).toMatch(
    new RegExp(`^Docker version ${dockerRelease.replaceAll(".", "\\.")}, build \\S+\n$`),
  );
  expect((await sh([berthBinary, "-v"])).stdout).toMatch(/^Berth version \d/);
  expect((await call(["ps", "--nope"])).stderr).toBe(
    "unknown flag: --nope\n\nUsage:  docker ps [OPTIONS]\n\nRun 'docker ps --help' for more information\n",
  );
  expect((await call(["cp", "--help"])).stdout).toStartWith(
    "Usage:  docker cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- " +
      "CONTAINER:DEST_PATH\n",
  );
  expect((await call(["-H", "unix:///nowhere.sock", "ps"])).stderr).toBe(
    "Cannot connect to the Docker daemon at unix:///nowhere.sock. Is the docker daemon running?\n",
  );
  expect((await call(["version", "-f", "{{.Client.Version}} {{.Client.Platform.Name}}"])).stdout).toMatch(
    new RegExp(`^${dockerRelease} Berth \\d`),
  );
});

test("each shell's completion is for the name that wrote it", async () => {
  const script = await call(["completion", "bash"]);
  expect(script.stdout).toContain("complete -F _docker_complete docker\n");
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    expect((await call(["completion", shell])).stdout).not.toContain("berth");
    expect((await call(["completion", shell, "--help"])).stdout).not.toContain("berth");
  }
});
