import { errorMessage } from "../lib/errors.ts";
import type { Command } from "./command.ts";
import type { ConfigFile } from "./config/file.ts";
import type { CommandDeps, Host } from "./deps.ts";
import { CliError, exitCodes, HelpWanted, worded } from "./errors.ts";
import type { FlagValues } from "./flags/flag.ts";
import { FlagError, type Parsed, parseFlags } from "./flags/parse.ts";
import { checkGlobals, globalFlags } from "./globals.ts";
import { homeOf } from "./home.ts";
import { findRoute, type Route } from "./route.ts";

/** The program's name in messages: its own, or that of a link to it. */
const programOf = ({ invoked }: Host): string => invoked.slice(invoked.lastIndexOf("/") + 1);

/** Runs one command line (without the program's own name) and returns its exit code. */
export async function main(argv: readonly string[], host: Host): Promise<number> {
  let code: number;
  try {
    code = await dispatch(argv, host);
  } catch (error) {
    // Whoever read our output has had enough of it: nobody is left to tell.
    if (isBrokenPipe(error)) return exitCodes.brokenPipe;
    const failure = error instanceof CliError ? error : new CliError(errorMessage(error));
    if (failure.message !== "") {
      await host.out.flush();
      host.err.write(`${worded(failure.message, programOf(host))}\n`);
    }
    code = failure.exitCode;
  }
  try {
    await host.out.flush();
    await host.err.flush();
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
    return exitCodes.brokenPipe;
  }
  return code;
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}

async function dispatch(argv: readonly string[], host: Host): Promise<number> {
  const program = programOf(host);
  const flags = globalFlags(homeOf(host.env));
  const top = parseOrExplain(program, "[OPTIONS] COMMAND [ARG...]", () => parseFlags(flags, argv, false));
  // The values were parsed by these very flags.
  const globals = top.values as FlagValues<typeof flags>;
  const help = await helpIsWanted(argv, top, host);
  if (help !== null) return help;
  if (globals.version) {
    const { versionLine } = await import("./version.ts");
    host.out.write(`${versionLine(program)}\n`);
    return 0;
  }
  checkGlobals(globals);
  const route = await findRoute(top.args);
  if (route.kind === "unknown") {
    const plugin = route.parent === "" ? await runPlugin(top, argv, host) : undefined;
    if (plugin !== undefined) return plugin;
    const name = `${program} ${route.path}`;
    const parent = route.parent === "" ? program : `${program} ${route.parent}`;
    throw new CliError(
      `${program}: unknown command: ${name}\n\n${route.parent === "" ? "" : `Usage:  ${parent}\n\n`}Run ` +
        `'${parent} --help' for more information`,
    );
  }
  if (route.kind === "table") {
    const name = `${program} ${route.path}`;
    const { tableHelp } = await import("./help.ts");
    const { help } = parseOrExplain(name, "COMMAND", () => parseFlags({}, route.rest, false));
    // Help that nobody asked for is no output.
    (help ? host.out : host.err).write(tableHelp(name, route.short, route.table));
    return 0;
  }
  const { command, path, rest } = route;
  const name = `${program} ${path}`;
  const usage = typeof command.usage === "string" ? command.usage : command.usage(program);
  const words = command.verbatim ? ["--", ...rest] : rest;
  const parsed = parseOrExplain(name, usage, () => parseFlags(command.flags, words, command.interspersed !== false));
  for (const warning of parsed.warnings) host.err.write(`${warning}\n`);
  if (parsed.help) return showHelp(host, name, route);
  const problem = command.args(parsed.args.length);
  if (problem !== null)
    throw new CliError(
      `${program}: '${name}' ${problem}\n\n${`Usage:  ${name} ${usage}`.trimEnd()}\n\n` +
        `${command.args.hint ?? "Run"} '${name} --help' for more information`,
    );
  const given = { host, globals, globalsGiven: top.changed, name, changed: parsed.changed };
  const deps = makeContext(given);
  await checkApiVersions(command, parsed, deps);
  try {
    return (await command.run(deps, parsed.args, parsed.values)) ?? 0;
  } catch (error) {
    if (error instanceof HelpWanted) return showHelp(host, name, route);
    throw error;
  }
}

/** A word that is no command of ours may be one of a plugin's. Undefined where it is not. */
async function runPlugin(top: Parsed, argv: readonly string[], host: Host): Promise<number | undefined> {
  const { findPlugin, becomePlugin } = await import("./plugins/run.ts");
  const globals = top.values as FlagValues<ReturnType<typeof globalFlags>>;
  const deps = makeContext({ host, globals, globalsGiven: top.changed, name: programOf(host), changed: new Set() });
  const name = top.args[0] === "help" ? top.args[1] : top.args[0];
  const plugin = await findPlugin(name ?? "", { configDir: deps.configDir, config: await deps.config() });
  return plugin && becomePlugin(deps, plugin, argv);
}

/** `berth`, `berth --help`, `berth help …`: the exit code, or null where the call is none of them. */
async function helpIsWanted(argv: readonly string[], top: Parsed, host: Host): Promise<number | null> {
  const first = top.args[0];
  const program = programOf(host);
  if (first === "help") {
    if (/^(-h|--help)$/.test(top.args[1] ?? "")) {
      host.out.write(`Usage:  ${program} help [command]\n\nShow what a command does and takes\n`);
      return 0;
    }
    const route = await findRoute(top.args.slice(1));
    const ofPlugin =
      top.args.length > 1 && route.kind === "unknown" && route.parent === ""
        ? await runPlugin(top, argv, host)
        : undefined;
    if (ofPlugin !== undefined) return ofPlugin;
    const beyond =
      route.kind === "unknown"
        ? route.path
            .split(" ")
            .slice(-1)
            .concat(top.args.slice(1 + route.path.split(" ").length))
        : route.rest;
    if (top.args.length > 1 && beyond.length > 0) throw new CliError(`unknown help topic: ${beyond.join(" ")}`);
    if (top.args.length > 1) return dispatch([...top.args.slice(1), "--help"], host);
  } else if (!top.help && (first !== undefined || argv.some((arg) => /^(-v|--version)$/.test(arg)))) {
    return null;
  }
  const [{ rootHelp }, { allPlugins }] = await Promise.all([import("./help.ts"), import("./plugins/plugin.ts")]);
  const globals = top.values as FlagValues<ReturnType<typeof globalFlags>>;
  const deps = makeContext({ host, globals, globalsGiven: top.changed, name: program, changed: new Set() });
  const plugins = await allPlugins({ configDir: deps.configDir, config: await deps.config() });
  (top.help || first === "help" ? host.out : host.err).write(
    await rootHelp(program, globalFlags(homeOf(host.env)), host, plugins),
  );
  return 0;
}

async function showHelp(
  host: Host,
  name: string,
  { home, entry, command }: Extract<Route, { kind: "command" }>,
): Promise<number> {
  const { commandHelp } = await import("./help.ts");
  host.out.write(commandHelp(programOf(host), name, home, entry, command, host));
  return 0;
}

function parseOrExplain<T>(name: string, usage: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw new CliError(
      `${error.message}\n\nUsage:  ${name} ${usage}\n\nRun '${name} --help' for more information`,
      exitCodes.engine,
    );
  }
}

function makeContext({
  host,
  globals,
  globalsGiven,
  name,
  changed,
}: {
  host: Host;
  globals: CommandDeps["globals"];
  globalsGiven: ReadonlySet<string>;
  name: string;
  changed: ReadonlySet<string>;
}): CommandDeps {
  const { env } = host;
  const configDir = globalsGiven.has("config") ? globals.config : env["DOCKER_CONFIG"] || `${homeOf(env)}/.docker`;
  let config: ReturnType<CommandDeps["config"]> | undefined;
  let client: ReturnType<CommandDeps["client"]> | undefined;
  const readOrWarn = async (): Promise<ConfigFile> => {
    const { readConfig } = await import("./config/file.ts");
    return readConfig(configDir).catch((error: unknown) => {
      host.err.write(`WARNING: Error ${errorMessage(error)}\n`);
      return {};
    });
  };
  const readConfigOnce = () => (config ??= readOrWarn());
  const connect = async () => {
    const [{ Client }, { chooseEngine }, { HttpHeaders }] = await Promise.all([
      import("../client/client.ts"),
      import("./engine.ts"),
      readConfigOnce(),
    ]);
    const endpoint = await chooseEngine({ env, globals, given: globalsGiven, configDir, config: readConfigOnce });
    const apiVersion = env["DOCKER_API_VERSION"]?.replace(/^v/, "");
    return new Client({ endpoint, ...(HttpHeaders && { headers: HttpHeaders }), ...(apiVersion && { apiVersion }) });
  };
  return {
    ...host,
    program: programOf(host),
    command: name,
    changed,
    globals,
    configDir,
    config: readConfigOnce,
    client: () => (client ??= connect()),
  };
}

/** Refuses flags that the engine is too old for. */
async function checkApiVersions(command: Command, parsed: Parsed, deps: CommandDeps): Promise<void> {
  for (const name of parsed.changed) {
    const minApi = command.flags[name]?.minApi;
    if (minApi === undefined) continue;
    const { compareVersions } = await import("../client/client.ts");
    const version = await (await deps.client()).version();
    if (compareVersions(version, minApi) < 0) {
      throw new CliError(`"--${name}" requires API version ${minApi}, but the Docker daemon API version is ${version}`);
    }
  }
}
