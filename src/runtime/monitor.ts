import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, internal, unavailable } from "../lib/errors.ts";
import { closeFd, socketPair } from "../linux/seqpacket.ts";
import type { RuntimeDeps } from "./deps.ts";
import { LineSocket } from "./line-socket.ts";
import { runtimeCommand, runtimeEnvironment } from "./runtime-command.ts";

/** How conmon is started for a container or an exec. */
export interface MonitorOptions {
  /** Where conmon makes its attach socket, fifos and pid files, and reports an OOM kill. */
  dir: string;
  /** What the runtime calls the container. */
  containerId: string;
  runtime: string;
  exitDir: string;
  args: string[];
  /** An exec that waits for {@link Monitor.release} before its process begins. */
  gated?: boolean;
}

/** A message of conmon on its sync pipe. */
export interface MonitorMessage {
  /** First a pid, or negative where the runtime failed; for an exec then the exit code. */
  data: number;
  /** The runtime's own words on standard error. */
  message?: string;
}

/** A conmon just started. It leads a session of its own and outlives the daemon. */
export interface Monitor {
  /** The next message, or null where conmon is gone. After the first there is a `conmon.pid`, if conmon came so far. */
  next(): Promise<MonitorMessage | null>;
  /** Lets a gated exec begin. */
  release(): void;
  /** Stops listening; conmon stays. */
  hangUp(): void;
  /** What conmon itself complained of, if it ended early. */
  complaint(): string;
}

/** Starts conmon, which starts the runtime's `create` or `exec`. See conmon(8) for the pipes in its environment. */
export async function startMonitor(deps: RuntimeDeps, options: MonitorOptions): Promise<Monitor> {
  const { dir } = options;
  const { path, globalArgs } = runtimeCommand(deps, options.runtime);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  using cleanup = new DisposableStack();
  const [sync, conmonSync] = socketPair();
  cleanup.defer(() => closeFd(conmonSync));
  const gate = options.gated ? socketPair() : null;
  if (gate) cleanup.defer(() => closeFd(gate[1]));
  const stderr = openSync(join(dir, "conmon.err"), "w", 0o600);
  cleanup.defer(() => closeSync(stderr));
  let launcher: Bun.Subprocess;
  try {
    launcher = Bun.spawn(
      [
        deps.conmonPath,
        "--api-version",
        "1",
        "--cid",
        options.containerId,
        "--cuuid",
        options.containerId,
        "--runtime",
        path,
        ...globalArgs.flatMap((arg) => ["--runtime-arg", arg]),
        "--bundle",
        dir,
        "--container-pidfile",
        join(dir, "pid"),
        "--conmon-pidfile",
        join(dir, "conmon.pid"),
        "--exit-dir",
        options.exitDir,
        "--full-attach",
        "--no-sync-log",
        ...options.args,
      ],
      {
        cwd: dir,
        env: {
          ...runtimeEnvironment,
          _OCI_SYNCPIPE: "3",
          ...(gate && { _OCI_STARTPIPE: "4", _OCI_ATTACHPIPE: "3" }),
        },
        stdio: ["ignore", "ignore", stderr, conmonSync, ...(gate ? [gate[1]] : [])],
      },
    );
  } catch (error) {
    closeFd(sync);
    if (gate) closeFd(gate[0]);
    throw unavailable(`cannot run ${deps.conmonPath}: ${errorMessage(error)}`, error);
  }
  const lines = await LineSocket.open(sync);
  let gateFd = gate?.[0] ?? null;
  const open = () => {
    if (gateFd !== null) writeSync(gateFd, "\n");
  };
  const closeGate = () => {
    if (gateFd !== null) closeFd(gateFd);
    gateFd = null;
  };
  // The first newline lets conmon itself run (it is where its cgroup could still be chosen).
  open();
  return {
    async next() {
      const line = await lines.next();
      // conmon forks; the parent writes the child's pid file, synced to disk, and may be slower than all of the
      // runtime.
      await launcher.exited;
      if (line === null) return null;
      return parseMessage(line);
    },
    release() {
      open();
      closeGate();
    },
    hangUp() {
      closeGate();
      lines.close();
    },
    complaint() {
      return readFileSync(join(dir, "conmon.err"), "utf8").trim();
    },
  };
}

function parseMessage(line: string): MonitorMessage {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw internal(`conmon said something that is not JSON: ${line}`, cause);
  }
}
