import type { Command } from "./command.ts";
import type { ConfigFile } from "./config/file.ts";
import type { CommandContext, Host } from "./context.ts";
import { CliError, exitCodes } from "./errors.ts";
import { FlagError, parseFlags, type Parsed } from "./flags/parse.ts";
import type { FlagValues } from "./flags/flag.ts";
import { checkGlobals, globalFlags } from "./globals.ts";
import { processHost } from "./host.ts";
import { findRoute, type Route } from "./route.ts";

/** The program's name in messages. */
const program = "berth";

/** Runs one command line (without the program's own name) and returns its exit code. */
export async function main(argv: readonly string[], host: Host = processHost()): Promise<number> {
  let code: number;
  try {
    code = await dispatch(argv, host);
  } catch (error) {
    // Whoever read our output has had enough of it: nobody is left to tell.
    if (isBrokenPipe(error)) return exitCodes.brokenPipe;
    const failure = error instanceof CliError ? error : new CliError(error instanceof Error ? error.message : String(error));
    if (failure.message !== "") {
      await host.out.flush();
      host.err.write(`${failure.message}\n`);
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
  const flags = globalFlags(host.env["HOME"] ?? "/root");
  const top = parseOrExplain(program, "[OPTIONS] COMMAND [ARG...]", () => parseFlags(flags, argv, false));
  // The values were parsed by these very flags.
  const globals = top.values as FlagValues<typeof flags>;
  const help = await helpIsWanted(argv, top, host);
  if (help !== null) return help;
  if (globals.version) {
    const { version } = await import("./version.ts");
    host.out.write(`Berth version ${version}\n`);
    return 0;
  }
  checkGlobals(globals);
  const route = await findRoute(top.args);
  if (route.kind === "unknown") {
    const name = `${program} ${route.path}`;
    const parent = route.parent === "" ? program : `${program} ${route.parent}`;
    throw new CliError(`${program}: unknown command: ${name}\n\n${route.parent === "" ? "" : `Usage:  ${parent}\n\n`}Run '${parent} --help' for more information`);
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
  const parsed = parseOrExplain(name, command.usage, () => parseFlags(command.flags, rest, command.interspersed !== false));
  for (const warning of parsed.warnings) host.err.write(`${warning}\n`);
  if (parsed.help) return showHelp(host, name, route);
  const problem = command.args(parsed.args.length);
  if (problem !== null) throw new CliError(`${program}: '${name}' ${problem}\n\nUsage:  ${name} ${command.usage}\n\nRun '${name} --help' for more information`);
  const given = { host, globals, globalsGiven: top.changed, name, changed: parsed.changed };
  const ctx = makeContext(given);
  await checkApiVersions(command, parsed, ctx);
  return (await command.run(ctx, parsed.args, parsed.values)) ?? 0;
}

/** `berth`, `berth --help`, `berth help …`: the exit code, or null where the call is none of them. */
async function helpIsWanted(argv: readonly string[], top: Parsed, host: Host): Promise<number | null> {
  const first = top.args[0];
  if (first === "help") {
    if (/^(-h|--help)$/.test(top.args[1] ?? "")) {
      host.out.write(`Usage:  ${program} help [command]\n\nShow what a command does and takes\n`);
      return 0;
    }
    const route = await findRoute(top.args.slice(1));
    if (top.args.length > 1 && route.kind === "unknown") throw new CliError(`unknown help topic: ${top.args.slice(1).join(" ")}`);
    if (top.args.length > 1) return dispatch([...top.args.slice(1), "--help"], host);
  } else if (!top.help && (first !== undefined || argv.some((arg) => /^(-v|--version)$/.test(arg)))) {
    return null;
  }
  const { rootHelp } = await import("./help.ts");
  (top.help || first === "help" ? host.out : host.err).write(await rootHelp(program, globalFlags(host.env["HOME"] ?? "/root"), host));
  return 0;
}

async function showHelp(host: Host, name: string, { home, entry, command }: Extract<Route, { kind: "command" }>): Promise<number> {
  const { commandHelp } = await import("./help.ts");
  host.out.write(commandHelp(program, name, home, entry, command, host));
  return 0;
}

function parseOrExplain<T>(name: string, usage: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw new CliError(`${error.message}\n\nUsage:  ${name} ${usage}\n\nRun '${name} --help' for more information`, exitCodes.engine);
  }
}

function makeContext({ host, globals, globalsGiven, name, changed }: {
  host: Host;
  globals: CommandContext["globals"];
  globalsGiven: ReadonlySet<string>;
  name: string;
  changed: ReadonlySet<string>;
}): CommandContext {
  const { env } = host;
  const configDir = globalsGiven.has("config") ? globals.config : env["DOCKER_CONFIG"] || `${env["HOME"] ?? "/root"}/.docker`;
  let config: ReturnType<CommandContext["config"]> | undefined;
  let client: ReturnType<CommandContext["client"]> | undefined;
  const readOrWarn = async (): Promise<ConfigFile> => {
    const { readConfig } = await import("./config/file.ts");
    return readConfig(configDir).catch((error: unknown) => {
      host.err.write(`WARNING: Error ${error instanceof Error ? error.message : error}\n`);
      return {};
    });
  };
  const readConfigOnce = () => (config ??= readOrWarn());
  const connect = async () => {
    const [{ Client }, { chooseEngine }, { HttpHeaders }] = await Promise.all([import("../client/client.ts"), import("./engine.ts"), readConfigOnce()]);
    const endpoint = await chooseEngine({ env, globals, given: globalsGiven, configDir, config: readConfigOnce });
    const apiVersion = env["DOCKER_API_VERSION"]?.replace(/^v/, "");
    return new Client({ endpoint, ...(HttpHeaders && { headers: HttpHeaders }), ...(apiVersion && { apiVersion }) });
  };
  return { ...host, command: name, changed, globals, configDir, config: readConfigOnce, client: () => (client ??= connect()) };
}

/** Refuses flags that the engine is too old for. */
async function checkApiVersions(command: Command, parsed: Parsed, ctx: CommandContext): Promise<void> {
  for (const name of parsed.changed) {
    const minApi = command.flags[name]?.minApi;
    if (minApi === undefined) continue;
    const { compareVersions } = await import("../client/client.ts");
    const version = await (await ctx.client()).version();
    if (compareVersions(version, minApi) < 0) {
      throw new CliError(`"--${name}" requires API version ${minApi}, but the Docker daemon API version is ${version}`);
    }
  }
}
