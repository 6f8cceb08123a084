/**
 * Runs a command as on a machine of its own: what it mounts is mounted for it alone, and unless it needs the network of
 * the real machine there are no links but loopback, no firewall tables, and all ports are free. Says at its end what it
 * left there, ends what still runs, and exits 1 then; else as the command does. Root only. As a program:
 * `scripts/own-machine.ts own|machine COMMAND...`, in fresh namespaces ({@link onOwnMachine} makes the command line).
 */
import { mkdtempSync, readdirSync, readlinkSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMounts } from "../src/linux/mountinfo.ts";
import { lasting } from "../test/leftovers.ts";

/** Whose network a command has: one of its own, with nothing in it, or the machine's, with the world behind it. */
export type Network = "own" | "machine";

/** The command line that runs a command on a machine of its own. */
export function onOwnMachine(network: Network, argv: readonly string[]): string[] {
  const fresh = ["--mount", "--propagation", "private", ...(network === "own" ? ["--net"] : [])];
  return ["unshare", ...fresh, "bin/bun", import.meta.path, network, ...argv];
}

const namespaces = "/run/netns";

function must(...argv: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: exit ${exitCode}: ${stderr}`);
  return stdout.toString();
}

/** A mounted sysfs shows the network namespace that mounted it: another takes its place, with all that is below it. */
function remountSysfs(): void {
  const fresh = mkdtempSync(join(tmpdir(), "berth-sysfs-"));
  must("mount", "-t", "sysfs", "sysfs", fresh);
  const below = readMounts().filter(({ target }) => target.startsWith("/sys/"));
  for (const { target } of below) {
    // What lies on another one moves with it.
    if (below.some((other) => target.startsWith(`${other.target}/`))) continue;
    must("mount", "--move", target, join(fresh, target.slice("/sys".length)));
  }
  must("umount", "--lazy", "/sys");
  must("mount", "--move", fresh, "/sys");
  rmdirSync(fresh);
}

const targets = (): string[] => readMounts().map(({ target }) => target);

/** Processes but this one that are on this machine, by what they see mounted or by its own network. */
function processes(network: Network): { pid: number; command: string }[] {
  const kinds = network === "own" ? ["mnt", "net"] : ["mnt"];
  const ofProcess = (pid: number | string) => kinds.map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
  const own = ofProcess("self");
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .flatMap((pid) => {
      try {
        if (!ofProcess(pid).some((name) => own.includes(name))) return [];
        return [{ pid, command: must("tr", "\\0", " ", `/proc/${pid}/cmdline`) }];
      } catch {
        // Ended meanwhile.
        return [];
      }
    });
}

/** What there is on this machine that was not there when it was new. */
function inhabitants(network: Network, mountsBefore: string[]): string[] {
  return [
    ...(network === "own" ? linksAndTables() : []),
    ...readdirSync(namespaces).map((name) => `namespace ${name}`),
    ...targets()
      .filter((target) => !mountsBefore.includes(target))
      .map((target) => `mount ${target}`),
    ...processes(network).map(({ pid, command }) => `process ${pid} ${command}`),
  ];
}

function linksAndTables(): string[] {
  const links: { ifname: string }[] = JSON.parse(must("ip", "-j", "link"));
  return [
    ...links.filter(({ ifname }) => ifname !== "lo").map(({ ifname }) => `link ${ifname}`),
    ...must("nft", "list", "tables").split("\n").filter(Boolean),
  ];
}

if (import.meta.main) {
  const network = process.argv[2] === "own" ? "own" : "machine";
  if (network === "own") {
    must("ip", "link", "set", "lo", "up");
    remountSysfs();
  }
  // Where ip(8) keeps the namespaces that it makes: those of others would be names without a namespace here.
  must("mkdir", "-p", namespaces);
  must("mount", "-t", "tmpfs", "none", namespaces);
  const before = targets();
  const child = Bun.spawn(process.argv.slice(3), { stdio: ["ignore", "inherit", "inherit"] });
  const exitCode = await child.exited;
  const left = await lasting(async () => inhabitants(network, before), 10_000);
  for (const { pid } of processes(network)) process.kill(pid, "SIGKILL");
  if (left.length > 0) console.error(`left behind on the machine of the tests:\n${left.join("\n")}`);
  process.exit(exitCode || (left.length > 0 ? 1 : 0));
}
