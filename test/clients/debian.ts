/** Docker's own programs, of a Debian newer than the machine's, unpacked beside it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { kept, ok } from "./kept.ts";

/** What each suite has: the start of what each program says of itself. */
const suites = {
  trixie: { docker: "26.1.5", buildx: "0.13.1", compose: "2.26.1" },
  sid: { docker: "28.5", buildx: "0.29", compose: "2.40" },
};

/** The suite that tests take Docker's programs from: `sid` has those of today, and changes. */
const suite = process.env.TEST_DOCKER_SUITE === "sid" ? "sid" : "trixie";

/** Docker's command line with its plugins. */
export interface DockerPrograms {
  /** The program `docker`. */
  docker: string;
  /** The plugins: `docker-buildx`, `docker-compose`. */
  plugins: string;
  /** Of `suite`: newer ones have flags that older lack. */
  newest: boolean;
}

/** Unpacks Docker's programs once. Throws where they are not of the releases that the tests are written for. */
export async function dockerPrograms(): Promise<DockerPrograms> {
  const folder = await kept(`docker-${suite}`, `${suite} ${JSON.stringify(suites[suite])}`, async (folder) => {
    await newerDebian(folder, suite, ["docker-cli", "docker-buildx", "docker-compose"]);
    await checkVersions(folder);
  });
  return { ...programsIn(folder), newest: suite === "sid" };
}

function programsIn(folder: string): { docker: string; plugins: string } {
  return { docker: join(folder, "usr/bin/docker"), plugins: join(folder, "usr/libexec/docker/cli-plugins") };
}

/** Also sees that the machine has the libraries that the programs need, since it runs them. */
async function checkVersions(folder: string): Promise<void> {
  const { docker, plugins } = programsIn(folder);
  const wanted = suites[suite];
  const said = {
    docker: await ok([docker, "--version"]),
    buildx: await ok([join(plugins, "docker-buildx"), "version"]),
    compose: await ok([join(plugins, "docker-compose"), "version", "--short"]),
  };
  for (const name of ["docker", "buildx", "compose"] as const) {
    const version = /\d+\.\d+\S*/.exec(said[name])?.[0] ?? "";
    if (!version.startsWith(wanted[name])) throw new Error(`${suite} has ${name} ${version}, not ${wanted[name]}`);
  }
}

/** Docker Compose as a plugin: a folder for DOCKER_CONFIG. */
export async function compose(): Promise<string> {
  const { plugins } = await dockerPrograms();
  return kept("compose", `${suite} of ${basename(join(plugins, "../../../.."))}`, async (folder) => {
    const target = join(folder, "cli-plugins");
    mkdirSync(target);
    symlinkSync(relative(target, join(plugins, "docker-compose")), join(target, "docker-compose"));
    writeFileSync(join(folder, "config.json"), "{}");
  });
}

/**
 * A `runc` that finds a CRIU of a newer Debian, run by the C library that it was built for: that of Debian 12 does not
 * know the vDSO of today's kernels.
 */
export async function criuRuntime(): Promise<string> {
  const machine = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const loader = process.arch === "arm64" ? "ld-linux-aarch64.so.1" : "ld-linux-x86-64.so.2";
  const programs = {
    criu: `libraries=$here/../usr/lib/${machine}
exec "$libraries/${loader}" --library-path "$libraries:/usr/lib/${machine}" --argv0 criu "$here/../usr/sbin/criu" "$@"`,
    runc: 'PATH=$here:$PATH exec /usr/sbin/runc "$@"',
  };
  const folder = await kept("criu", `trixie ${JSON.stringify(programs)}`, async (folder) => {
    await newerDebian(folder, "trixie", ["criu", "libc6"]);
    mkdirSync(join(folder, "bin"));
    for (const [name, text] of Object.entries(programs))
      writeFileSync(join(folder, "bin", name), `#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\n${text}\n`, {
        mode: 0o755,
      });
  });
  return join(folder, "bin", "runc");
}

/**
 * Unpacks packages of a suite that is not the machine's. Its lists are checked by Debian's own keys, packages by the
 * lists.
 */
async function newerDebian(folder: string, suite: string, packages: string[]): Promise<void> {
  const apt = join(folder, "apt");
  for (const part of ["state/lists/partial", "cache/archives/partial", "packages"])
    mkdirSync(join(apt, part), { recursive: true });
  writeFileSync(
    join(apt, "sources.list"),
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${debianMirror()} ${suite} main\n`,
  );
  const options = [
    `Dir::Etc::sourcelist=${join(apt, "sources.list")}`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State=${join(apt, "state")}`,
    `Dir::Cache=${join(apt, "cache")}`,
    "APT::Sandbox::User=root",
    "Acquire::Retries=5",
  ].flatMap((option) => ["-o", option]);
  await ok(["apt-get", ...options, "-qq", "update"]);
  for (const name of packages) {
    await ok([
      "sh",
      "-c",
      'cd "$1" && shift && exec "$@"',
      "sh",
      join(apt, "packages"),
      "apt-get",
      ...options,
      "-qq",
      "download",
      name,
    ]);
    const [file = ""] = readdirSync(join(apt, "packages")).filter((each) => basename(each).startsWith(`${name}_`));
    await ok(["dpkg", "-x", join(apt, "packages", file), folder]);
  }
  rmSync(apt, { recursive: true });
}

/** Where this machine has its packages from. Throws where its package manager names no place. */
function debianMirror(): string {
  const files = [
    "/etc/apt/sources.list",
    ...(existsSync("/etc/apt/sources.list.d")
      ? readdirSync("/etc/apt/sources.list.d").map((name) => `/etc/apt/sources.list.d/${name}`)
      : []),
  ];
  for (const file of files.filter((each) => existsSync(each))) {
    const mirror = /https?:\/\/\S+\/debian\/?(?=\s|$)/m.exec(readFileSync(file, "utf8"))?.[0];
    if (mirror) return mirror;
  }
  throw new Error("no Debian mirror in /etc/apt/sources.list or /etc/apt/sources.list.d");
}
