import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { rootfsTar } from "../scripts/images.ts";

const repository = resolve(import.meta.dir, "..");

export interface Outcome {
  ms: number;
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** An engine in a scratch set-up of its own, which it starts and takes away. */
export interface Engine {
  name: string;
  /** Runs a Docker command line with this engine's own client. */
  cli(...args: string[]): Promise<Outcome>;
  argv(...args: string[]): string[];
  env: Record<string, string>;
  /** Processes of the engine that live while no container does. */
  daemonPids(): number[];
  /** Stops and starts the daemon; returns ms until it answers. Undefined where there is none. */
  restart?(): Promise<number>;
  stop(): Promise<void>;
  root: string;
}

export async function command(argv: string[], env: Record<string, string> = {}, input?: Bun.BunFile): Promise<Outcome> {
  const started = performance.now();
  const child = Bun.spawn(argv, {
    stdin: input ?? "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...env },
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { ms: performance.now() - started, stdout, stderr, exitCode };
}

/** Starts every engine that is installed, each with the busybox image in it. */
export async function startEngines(names: string[]): Promise<Engine[]> {
  const engines: Engine[] = [];
  const start = { berth: startBerth, dockerd: startDockerd, podman: startPodman };
  for (const name of ["berth", "dockerd", "podman"] as const) {
    if (!names.includes(name)) continue;
    const engine = await start[name]();
    if (!engine) {
      console.log(`${name} is not installed: left out`);
      continue;
    }
    const imported = await engine.cli("import", "--change", 'CMD ["sh"]', await rootfsTar("busybox"), "busybox:latest");
    if (imported.exitCode !== 0) throw new Error(`${name}: import: ${imported.stderr}`);
    engines.push(engine);
  }
  return engines;
}

async function startBerth(): Promise<Engine> {
  const binary = existsSync(join(repository, "dist/berth"))
    ? join(repository, "dist/berth")
    : join(repository, "bin/berth");
  const root = mkdtempSync("/tmp/berth-bench-");
  const host = `unix://${root}/berth.sock`;
  const launch = () =>
    Bun.spawn(
      [
        binary,
        "daemon",
        "--host",
        host,
        "--data-root",
        `${root}/data`,
        "--exec-root",
        `${root}/exec`,
        "--pidfile",
        `${root}/pid`,
        "--config-file",
        `${root}/none.json`,
        "--bridge",
        "berthbench0",
        "--bip",
        "10.214.1.1/16",
        "--log-level",
        "warn",
      ],
      { stdin: "ignore", stdout: "ignore", stderr: Bun.file(`${root}/log`) },
    );
  return daemonEngine("berth", root, host, launch, (args) => [binary, ...args], "berthbench0");
}

async function startDockerd(): Promise<Engine | undefined> {
  const binary = Bun.which("dockerd");
  const client = ["/usr/local/bin/docker", "/usr/bin/docker"].find((path) => existsSync(path));
  if (!binary || !client) return undefined;
  const root = mkdtempSync("/tmp/dockerd-bench-");
  const host = `unix://${root}/docker.sock`;
  await command(["ip", "link", "add", "dockerbench0", "type", "bridge"]);
  await command(["ip", "address", "add", "10.215.1.1/16", "dev", "dockerbench0"]);
  // Without its iptables rules dockerd has less to do, and leaves the machine's forwarding as it is.
  const launch = () =>
    Bun.spawn(
      [
        binary,
        "--host",
        host,
        "--data-root",
        `${root}/data`,
        "--exec-root",
        `${root}/exec`,
        "--pidfile",
        `${root}/pid`,
        "--config-file",
        `${root}/none.json`,
        "--bridge",
        "dockerbench0",
        "--iptables=false",
        "--live-restore",
        "--log-level",
        "error",
      ],
      { stdin: "ignore", stdout: "ignore", stderr: Bun.file(`${root}/log`) },
    );
  return daemonEngine("dockerd", root, host, launch, (args) => [client, ...args], "dockerbench0");
}

async function daemonEngine(
  name: string,
  root: string,
  host: string,
  launch: () => Bun.Subprocess,
  argv: (args: string[]) => string[],
  bridge: string,
): Promise<Engine> {
  const env = { DOCKER_HOST: host };
  writeFileSync(`${root}/none.json`, "{}");
  let child = launch();
  const ready = async () => {
    for (let tries = 0; tries < 3000; tries++) {
      if (child.exitCode !== null)
        throw new Error(`${name} ended: ${readFileSync(`${root}/log`, "utf8").slice(-2000)}`);
      if (
        await fetch("http://engine/_ping", { unix: host.slice(7) }).then(
          (r) => r.ok,
          () => false,
        )
      )
        return;
      await Bun.sleep(5);
    }
    throw new Error(`${name} did not come up`);
  };
  await ready();
  return {
    name,
    root,
    env,
    argv: (...args) => argv(args),
    cli: (...args) => command(argv(args), env),
    daemonPids: () =>
      [child.pid, ...childrenOf(child.pid)].filter(
        (pid) => /dockerd|containerd$|berth|bun/.test(commandOf(pid)) && !/shim|conmon/.test(commandOf(pid)),
      ),
    async restart() {
      child.kill("SIGTERM");
      await child.exited;
      const started = performance.now();
      child = launch();
      await ready();
      return performance.now() - started;
    },
    async stop() {
      const ids = (await command(argv(["ps", "-aq"]), env)).stdout.split("\n").filter(Boolean);
      if (ids.length > 0) await command(argv(["rm", "-f", ...ids]), env);
      child.kill("SIGTERM");
      await child.exited;
      await command(["ip", "link", "delete", bridge]);
      await cleanRoot(root);
    },
  };
}

async function startPodman(): Promise<Engine | undefined> {
  const binary = Bun.which("podman");
  if (!binary) return undefined;
  const root = mkdtempSync("/tmp/podman-bench-");
  mkdirSync(`${root}/tmp`);
  // Podman asks for more open files than some hosts allow.
  writeFileSync(`${root}/containers.conf`, '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n');
  const env = { CONTAINERS_CONF: `${root}/containers.conf` };
  const argv = (...args: string[]) => [
    binary,
    "--root",
    `${root}/data`,
    "--runroot",
    `${root}/run`,
    "--tmpdir",
    `${root}/tmp`,
    "--cgroup-manager",
    "cgroupfs",
    "--events-backend",
    "file",
    "--log-level",
    "error",
    ...args,
  ];
  return {
    name: "podman",
    root,
    env,
    argv,
    cli: (...args) => command(argv(...args), env),
    daemonPids: () => [],
    async stop() {
      await command(argv("rm", "-f", "-t", "0", "-a"), env);
      await cleanRoot(root);
    },
  };
}

async function cleanRoot(root: string): Promise<void> {
  const targets = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((target) => target.startsWith(root))
    .reverse();
  for (const target of targets) await command(["umount", "-l", target]);
  rmSync(root, { recursive: true, force: true });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, 2).join(" ").trim();
  } catch {
    return "";
  }
}

export function childrenOf(pid: number): number[] {
  const direct = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => {
      try {
        return (
          Number(
            readFileSync(`/proc/${each}/stat`, "utf8")
              .replace(/^.*\) /, "")
              .split(" ")[1],
          ) === pid
        );
      } catch {
        return false;
      }
    });
  return direct.flatMap((each) => [each, ...childrenOf(each)]);
}

/** Proportional set size in bytes of some processes. */
export function pss(pids: number[]): number {
  return memoryOf(pids, "Pss");
}

/** Bytes of some processes by a field of smaps_rollup; `Anonymous` cannot be read again from files. */
export function memoryOf(pids: number[], field: "Pss" | "Anonymous"): number {
  return pids.reduce((sum, pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      return sum + Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) * 1024;
    } catch {
      return sum;
    }
  }, 0);
}

/** Processes whose command line names this engine's root or a container of it: monitors and shims. */
export function monitorsOf(root: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return text.includes(root) && /conmon|shim/.test(text.split("\0")[0] ?? "");
      } catch {
        return false;
      }
    });
}
