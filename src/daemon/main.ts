import { rmSync } from "node:fs";
import { errorMessage } from "../lib/errors.ts";
import { KeyedLock } from "../lib/lock.ts";
import { Logger } from "../lib/log.ts";
import { lockFile } from "../linux/flock.ts";
import { notifyManager } from "../linux/notify.ts";
import type { Plugin } from "../plugin/plugin.ts";
import { createApi } from "../server/api.ts";
import { authorizationPlugins } from "../server/authorization/authorization.ts";
import type { DaemonConfig } from "./config/config.ts";
import { type DaemonEnvironment, readEnvironment } from "./config/environment.ts";
import { type DaemonArguments, daemonHelp, parseDaemonArguments, UsageError } from "./config/flags.ts";
import { loadConfig } from "./config/load.ts";
import { askRuntimeVersions, version } from "./facts.ts";
import { collectWhenIdle } from "./idle.ts";
import { type Listening, listen } from "./listen.ts";
import { daemonPaths, makeRoots } from "./paths.ts";
import { writePidfile } from "./pidfile.ts";
import { reload } from "./reload.ts";
import { remapOf } from "./remap.ts";
import { openDatabase } from "./rescue.ts";
import { restore } from "./restore.ts";
import { shutdown } from "./shutdown.ts";
import { type Daemon, wire } from "./wire.ts";

/** `berth daemon`. Resolves when the daemon has ended; the exit code is in process.exitCode. */
export async function main(argv: readonly string[]): Promise<void> {
  const environment = readEnvironment();
  let args: DaemonArguments;
  let config: DaemonConfig;
  try {
    args = parseDaemonArguments(argv);
    if (args.show === "help") return void process.stdout.write(daemonHelp());
    if (args.show === "version") return void process.stdout.write(`Berth version ${version}\n`);
    config = loadConfig(args, environment);
  } catch (error) {
    process.stderr.write(
      error instanceof UsageError ? `${error.message}\nSee 'berth daemon --help'.\n` : `${errorMessage(error)}\n`,
    );
    process.exitCode = error instanceof UsageError ? 125 : 1;
    return;
  }
  if (args.validate) return void process.stdout.write("configuration OK\n");

  const log = new Logger(config.debug ? "debug" : config.logLevel, config.logFormat);
  try {
    await runDaemon(args, config, environment, log);
  } catch (error) {
    log.error("failed to start daemon", {
      error: errorMessage(error),
      ...(config.debug && error instanceof Error && { stack: error.stack }),
    });
    process.exitCode = 1;
  }
  // The daemon has ended, whatever timer or socket may still be there.
  process.exit();
}

/**
 * The life of a daemon: take the roots, put the parts together, bring world and records to agree, listen; then wait for
 * the signal to go, and leave everything so that the next daemon finds it.
 */
async function runDaemon(
  args: DaemonArguments,
  config: DaemonConfig,
  environment: DaemonEnvironment,
  log: Logger,
): Promise<void> {
  const began = performance.now();
  for (const warning of config.warnings) log.warn(warning);
  const paths = daemonPaths(config.dataRoot, config.execRoot);
  makeRoots(paths);
  using owned = lockFile(paths.lock);
  if (!owned) throw new Error(`another daemon uses the data root ${config.dataRoot}`);
  // Meant for a daemon that did not live to see it.
  rmSync(paths.stopContainers, { force: true });
  using _pidfile = writePidfile(config.pidfile);

  stayAlive(log);
  const ending = endSignal(log);
  const remap = await remapOf(config.usernsRemap);
  const daemon = wire(await openDatabase(config, paths, log), config, environment, paths, log, remap);
  const api = createApi(daemon.server);
  using _idle = collectWhenIdle(api);
  let listening: Listening | null = null;
  const reloads = new KeyedLock();
  process.on("SIGHUP", async () => {
    using _ = await reloads.acquire("");
    await reload(daemon, args, environment);
  });
  try {
    await restore(daemon);
    daemon.server.authorization = await startAuthorization(daemon);
    listening = await listen(config, environment.listenFds, api.handle, log);
    for (const address of listening.addresses) log.info("API listen on", { address });
    log.info("Daemon has completed initialization", { version, milliseconds: Math.round(performance.now() - began) });
    tellManager(environment, "READY=1", log);
    void askRuntimeVersions(daemon.server.facts, daemon.runtimes);
    await ending;
    tellManager(environment, "STOPPING=1", log);
  } finally {
    await shutdown(daemon, api, listening);
  }
  log.info("Daemon shutdown complete");
}

/** Nobody is served before those who must allow it are there. */
async function startAuthorization({ server, config }: Daemon): Promise<readonly Plugin[]> {
  try {
    return await authorizationPlugins(server.plugins, config.authorizationPlugins, "for its file");
  } catch (cause) {
    throw new Error(`failed to validate authorization plugin: ${errorMessage(cause)}`, { cause });
  }
}

/**
 * What no part of the engine caught is a mistake in it, told in the log. It ends the request or job that it was in, not
 * the daemon with all that others have under way.
 */
function stayAlive(log: Logger): void {
  const tell = (kind: string) => (error: unknown) =>
    log.error(kind, { error: errorMessage(error), ...(error instanceof Error && { stack: error.stack }) });
  process.on("uncaughtException", tell("uncaught error"));
  process.on("unhandledRejection", tell("unhandled rejection"));
}

/** Resolves at the first SIGTERM or SIGINT; a third one ends the process at once. */
function endSignal(log: Logger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    count++;
    log.info(`Processing signal '${signal}'`);
    if (count === 1) resolve();
    else if (count >= 3) process.exit(128 + 15);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return promise;
}

function tellManager({ notifySocket }: DaemonEnvironment, message: string, log: Logger): void {
  if (!notifySocket) return;
  try {
    notifyManager(notifySocket, message);
  } catch (error) {
    log.warn("cannot notify the service manager", { error: errorMessage(error) });
  }
}
