import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, unavailable } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { parseJson } from "../../lib/parse-json.ts";
import { startDetached } from "../../lib/run.ts";
import { onProcessEnd } from "../../linux/pidfd.ts";
import { processRuns, processStat } from "../../linux/proc.ts";
import { EtcdClient } from "./client.ts";
import { leaderKey } from "./keys.ts";

/** Where managers' members of etcd talk to each other. */
const peerPort = 2378;
/** What only managers' certificates are for: a worker's is signed by the same root. */
export const peerName = "swarm-etcd";

/** Bytes of its log at which it is begun anew. */
const longestLog = 4 * 1024 * 1024;
const longestPause = 5000;

/** How a member begins, if it has never run before. */
export interface MemberStart {
  /** `name=url,…` of all members, itself among them. */
  initialCluster: string;
  /** `new`: it makes a cluster; `existing`: others have let it into theirs. */
  state: "new" | "existing";
}

/** Who the member is, and how it shows that. */
export interface MemberIdentity {
  name: string;
  /** Where the others reach it; an address. */
  address: string;
  /** PEM. */
  cert: string;
  key: string;
  trust: string;
}

/** Where a member of this engine lives. */
export interface MemberPaths {
  /** etcd's own file; null: it is not installed. */
  program: string | null;
  /** Of its own; it may be deleted as a whole. */
  dataDir: string;
  /** Bytes that its file may have. */
  quota: number;
  /** Where its socket is, short enough for one; of its own. */
  runDir: string;
}

/** `https://address:port` of a member. */
export const peerUrl = (address: string): string =>
  `https://${address.includes(":") ? `[${address}]` : address}:${peerPort}`;

/**
 * This machine's etcd: a process that outlives the daemon, which takes it up again, and that is started again when it
 * ends. It listens for other members, with certificates on both sides, and for this engine on a socket of the file
 * system alone.
 */
export class Member {
  readonly client: EtcdClient;
  private waiting: Disposable | null = null;
  private retry: Timer | undefined;
  private pause = 200;
  private stopped = false;

  private constructor(
    private readonly paths: MemberPaths,
    private readonly identity: MemberIdentity,
    private readonly start: MemberStart,
    private readonly log: Logger,
  ) {
    this.client = new EtcdClient(socketOf(paths));
  }

  /** Takes up the process that runs, or starts one; usable when it answers ({@link Member.ready}). */
  static open(paths: MemberPaths, identity: MemberIdentity, start: MemberStart, log: Logger): Member {
    const member = new Member(paths, identity, start, log);
    for (const dir of [paths.dataDir, paths.runDir]) mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeCredentials(paths, identity);
    const running = runningProcess(paths);
    if (running) member.follow(running);
    else member.spawn();
    return member;
  }

  /** What started it the first time; null: it never was. */
  static known(paths: MemberPaths): MemberStart | null {
    try {
      const text = readFileSync(join(paths.dataDir, "start.json"), "utf8");
      // The border: only `spawn` writes this file.
      return parseJson(text) as MemberStart;
    } catch {
      return null;
    }
  }

  /** Resolved when it takes writes, so when most members reach each other. Throws `unavailable` after so long. */
  async ready(milliseconds: number): Promise<void> {
    await this.until(milliseconds, () => this.client.range(leaderKey, false));
  }

  /** Resolved when it says what it knows, whomever it reaches. Throws `unavailable` after so long. */
  async answers(milliseconds: number): Promise<void> {
    await this.until(milliseconds, () => this.client.range(leaderKey, true));
  }

  /** Lets it run without this daemon. */
  release(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    this.waiting?.[Symbol.dispose]();
  }

  /** Keeps its log from growing for ever. */
  trimLog(): void {
    const path = logOf(this.paths);
    try {
      // It appends, so that it goes on at the new end.
      if (statSync(path).size > longestLog) truncateSync(path);
    } catch {
      // There is none.
    }
  }

  private async until(milliseconds: number, works: () => Promise<unknown>): Promise<void> {
    const end = Date.now() + milliseconds;
    for (;;) {
      try {
        await works();
        return;
      } catch (error) {
        if (Date.now() > end)
          throw unavailable(`etcd does not start: ${errorMessage(error)}: ${lastWords(this.paths)}`);
        await Bun.sleep(20);
      }
    }
  }

  private spawn(): void {
    const { program } = this.paths;
    if (!program)
      throw unavailable("etcd is not installed, which keeps a swarm's state (Debian: apt install etcd-server)");
    rmSync(socketOf(this.paths), { force: true });
    writeFileSync(join(this.paths.dataDir, "start.json"), JSON.stringify(this.start));
    const pid = startDetached([program, ...optionsOf(this.paths, this.identity, this.start)], {
      cwd: this.paths.runDir,
      log: logOf(this.paths),
      env: { GOGC: "50" },
    });
    const startTime = processStat(pid)?.startTime ?? 0;
    writeFileSync(pidFileOf(this.paths), JSON.stringify({ pid, startTime }));
    this.follow({ pid, startTime });
  }

  private follow({ pid }: RunningProcess): void {
    const since = Date.now();
    this.waiting = onProcessEnd(pid, () => {
      if (this.stopped) return;
      this.log.warn("etcd has ended and is started again", { words: lastWords(this.paths) });
      if (Date.now() - since > 60_000) this.pause = 200;
      this.retry = setTimeout(() => this.respawn(), this.pause);
      this.pause = Math.min(this.pause * 2, longestPause);
    });
  }

  private respawn(): void {
    try {
      this.spawn();
    } catch (error) {
      this.log.error("etcd cannot be started", { error: errorMessage(error) });
      this.retry = setTimeout(() => this.respawn(), longestPause);
    }
  }
}

/** Ends the process and deletes all it has kept. Idempotent. */
export async function removeMember(paths: MemberPaths): Promise<void> {
  const running = runningProcess(paths);
  if (running) {
    process.kill(running.pid, "SIGKILL");
    for (let tries = 0; processRuns(running.pid, running.startTime) && tries < 200; tries++) await Bun.sleep(10);
  }
  rmSync(paths.dataDir, { recursive: true, force: true });
  rmSync(paths.runDir, { recursive: true, force: true });
}

interface RunningProcess {
  pid: number;
  /** Clock ticks since boot, as {@link processStat} tells. */
  startTime: number;
}

function runningProcess(paths: MemberPaths): RunningProcess | null {
  try {
    // The border: only `spawn` writes this file.
    const known = parseJson(readFileSync(pidFileOf(paths), "utf8")) as RunningProcess;
    return processRuns(known.pid, known.startTime) ? known : null;
  } catch {
    return null;
  }
}

/**
 * etcd 3.4 takes sockets of the file system only in the form of a host and a port, and makes a file of that name in the
 * directory that it runs in.
 */
const socketName = "client:1";
const socketOf = ({ runDir }: MemberPaths): string => join(runDir, socketName);
const logOf = ({ dataDir }: MemberPaths): string => join(dataDir, "log");
const pidFileOf = ({ runDir }: MemberPaths): string => join(runDir, "etcd.json");
/** Not beside the data: the key of a manager that is locked is not on its disk. */
const tlsFile = ({ runDir }: MemberPaths, name: "cert" | "key" | "trust"): string => join(runDir, `${name}.pem`);

function writeCredentials(paths: MemberPaths, identity: MemberIdentity): void {
  for (const name of ["cert", "key", "trust"] as const)
    writeFileSync(tlsFile(paths, name), identity[name], { mode: 0o600 });
}

function optionsOf(paths: MemberPaths, { name, address }: MemberIdentity, start: MemberStart): string[] {
  const options: Record<string, string> = {
    name,
    "data-dir": join(paths.dataDir, "data"),
    "listen-client-urls": `unix://${socketName}`,
    "advertise-client-urls": `unix://${socketName}`,
    "listen-peer-urls": peerUrl(address),
    "initial-advertise-peer-urls": peerUrl(address),
    "initial-cluster": start.initialCluster,
    "initial-cluster-state": start.state,
    "peer-cert-file": tlsFile(paths, "cert"),
    "peer-key-file": tlsFile(paths, "key"),
    "peer-trusted-ca-file": tlsFile(paths, "trust"),
    "peer-client-cert-auth": "true",
    "peer-cert-allowed-hostname": peerName,
    // A manager may come from another of its addresses than the one it is reached at.
    "experimental-peer-skip-client-san-verification": "true",
    "heartbeat-interval": "100",
    "election-timeout": "1000",
    "snapshot-count": "1000",
    "quota-backend-bytes": String(paths.quota),
    "auto-compaction-mode": "revision",
    "auto-compaction-retention": "1000",
    logger: "zap",
    "log-outputs": "stderr",
    "log-level": "warn",
  };
  return Object.entries(options).map(([key, value]) => `--${key}=${value}`);
}

/** The last line of its log that says why it has ended. */
function lastWords(paths: MemberPaths): string {
  try {
    const lines = readFileSync(logOf(paths), "utf8").trimEnd().split("\n");
    return lines.findLast((line) => /"level":"(fatal|panic|error)"|^etcd|^invalid/.test(line)) ?? lines.at(-1) ?? "";
  } catch {
    return "";
  }
}
