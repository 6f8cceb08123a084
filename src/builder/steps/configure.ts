import { isIP } from "node:net";
import { constants } from "node:os";
import { formatGoDuration } from "../../lib/go-duration.ts";
import { quote } from "../../lib/go-quote.ts";
import type { OciHealthcheck, OciImageConfig } from "../../oci/image.ts";
import type { CommandLine, Instruction } from "../dockerfile/instructions.ts";
import { DockerfileError } from "../dockerfile/source.ts";
import type { Variables } from "../plan/variables.ts";

/** More than Linux gives to any program. */
const longestEnvironment = 8 * 1024 * 1024;

const defaultShell = ["/bin/sh", "-c"];

/** What the instructions of a stage change in the image's configuration. */
export interface Configuration {
  config: OciImageConfig;
  author: string;
  /** A CMD of the base image goes when the stage sets its own ENTRYPOINT. */
  cmdSet: boolean;
  /** The stage has set variables: its environment is that of them, once it is done. */
  envSet: boolean;
}

/**
 * The instructions that change configuration only. Returns what history says of them, null for nothing; undefined for
 * other kinds.
 */
export function configure(
  state: Configuration,
  instruction: Instruction,
  variables: Variables,
): string | null | undefined {
  const { config } = state;
  const { range } = instruction;
  const one = (text: string) => variables.expand(text, range);
  switch (instruction.kind) {
    case "ENV": {
      const pairs = instruction.pairs.map(({ key, value }) => ({ key: one(key), value: one(value) }));
      for (const { key, value } of pairs) {
        if (key === "") throw new DockerfileError("ENV names can not be blank", range);
        variables.setEnv(key, value);
      }
      state.envSet = true;
      if (variables.envLength > longestEnvironment)
        throw new DockerfileError(`the environment is longer than ${longestEnvironment} characters`, range);
      return `ENV ${pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`;
    }
    case "LABEL": {
      const pairs = instruction.pairs.map(({ key, value }) => ({ key: one(key), value: one(value) }));
      config.Labels = withKeys(
        config.Labels,
        pairs.map(({ key, value }) => [key, value]),
      );
      return `LABEL ${pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`;
    }
    case "CMD": {
      const words = commandOf(config, instruction.command);
      config.Cmd = some(words);
      // Means something on Windows only; dockerd's builder says it of every CMD, and images are compared.
      config.ArgsEscaped = true;
      state.cmdSet = true;
      return `CMD ${quoted(words)}`;
    }
    case "ENTRYPOINT": {
      const words = commandOf(config, instruction.command);
      config.Entrypoint = some(words);
      if (!state.cmdSet) config.Cmd = undefined;
      return `ENTRYPOINT ${quoted(words)}`;
    }
    case "USER":
      config.User = one(instruction.user) || undefined;
      return `USER ${config.User ?? ""}`;
    case "EXPOSE": {
      const ports = instruction.ports
        .flatMap((port) => variables.words(port, range))
        .flatMap((port) => exposed(port, instruction));
      config.ExposedPorts = withKeys(
        config.ExposedPorts,
        ports.map((port) => [port, {}]),
      );
      return `EXPOSE [${ports.join(" ")}]`;
    }
    case "VOLUME": {
      const paths = instruction.paths.map((path) => one(path));
      if (paths.includes("")) throw new DockerfileError("VOLUME specified can not be an empty string", range);
      config.Volumes = withKeys(
        config.Volumes,
        paths.map((path) => [path, {}]),
      );
      return `VOLUME [${paths.join(" ")}]`;
    }
    case "STOPSIGNAL":
      config.StopSignal = one(instruction.signal);
      if (!isSignal(config.StopSignal))
        throw new DockerfileError(`invalid signal: ${config.StopSignal}`, range, { near: instruction.signal });
      return `STOPSIGNAL ${config.StopSignal}`;
    case "SHELL":
      config.Shell = instruction.argv;
      return `SHELL [${instruction.argv.join(" ")}]`;
    case "HEALTHCHECK": {
      const { Test, ...times } = instruction.check;
      config.Healthcheck = {
        ...(Test && { Test }),
        ...Object.fromEntries(Object.entries(times).filter(([, value]) => value !== null && value !== undefined)),
      };
      return toldHealthcheck(config.Healthcheck);
    }
    case "ONBUILD":
      config.OnBuild = [...(config.OnBuild ?? []), instruction.trigger];
      return null;
    case "MAINTAINER":
      state.author = instruction.name;
      return `MAINTAINER ${state.author}`;
    default:
      return undefined;
  }
}

/**
 * The record itself with more keys, whatever they are called: one of its own for each stage. Thousands of them cost
 * their number.
 */
function withKeys<T>(
  record: Record<string, T> | null | undefined,
  entries: readonly (readonly [string, T])[],
): Record<string, T> {
  const own = record ?? {};
  for (const [key, value] of entries)
    Object.defineProperty(own, key, { value, enumerable: true, writable: true, configurable: true });
  return own;
}

/** As Go prints a list of quoted strings. */
function quoted(words: readonly string[]): string {
  return `[${words.map((word) => quote(word)).join(" ")}]`;
}

/**
 * As Go prints the structure with quotes: durations as words, the number of retries as the character of that number.
 */
function toldHealthcheck({
  Test = [],
  Interval = 0,
  Timeout = 0,
  StartPeriod = 0,
  StartInterval = 0,
  Retries = 0,
}: OciHealthcheck): string {
  const times = [Interval, Timeout, StartPeriod, StartInterval].map((time) =>
    quote(formatGoDuration(BigInt(Math.round(time)))),
  );
  const isCharacter = Retries <= 0x10ffff && (Retries < 0xd800 || Retries > 0xdfff);
  return (
    "HEALTHCHECK " +
    `&{${[quoted(Test), ...times, quote(String.fromCodePoint(isCharacter ? Retries : 0xfffd), "'")].join(" ")}}`
  );
}

/**
 * What of an image's configuration is taken over: images that come from containers have more. The records are copies,
 * to be added to; the rest is replaced, never changed.
 */
export function inheritedConfig(config: OciImageConfig): OciImageConfig {
  const {
    User,
    ExposedPorts,
    Env,
    Cmd,
    Entrypoint,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    ArgsEscaped,
    Healthcheck,
    OnBuild,
    Shell,
  } = config;
  return {
    User: User || undefined,
    ExposedPorts: some({ ...ExposedPorts }),
    Env: some(Env),
    Cmd: some(Cmd),
    Entrypoint: some(Entrypoint),
    Volumes: some({ ...Volumes }),
    WorkingDir: WorkingDir || undefined,
    Labels: some({ ...Labels }),
    StopSignal: StopSignal || undefined,
    ArgsEscaped: ArgsEscaped || undefined,
    Healthcheck: some(Healthcheck),
    OnBuild: some(OnBuild),
    Shell: some(Shell),
  };
}

/** What holds nothing is not there. */
function some<T extends object>(value: T | null | undefined): T | undefined {
  return value && Object.keys(value).length > 0 ? value : undefined;
}

/**
 * argv of a command: the shell form is given to the stage's SHELL. Here-documents follow the line as a shell reads
 * them.
 */
export function commandOf(config: OciImageConfig, command: CommandLine): string[] {
  if (command.form === "exec") return command.argv;
  const shell = config.Shell ?? defaultShell;
  return [...shell, command.text];
}

/** `80`, `80/udp`, `8000-8010/tcp`; what a host would have of it (`127.0.0.1:8080:80`) says nothing here. */
function exposed(text: string, { range }: Instruction): string[] {
  const fail = (message: string): never => {
    throw new DockerfileError(message, range, { near: text });
  };
  const parts = text.split(":");
  const [container = "", host = "", ip = ""] = [parts.at(-1), parts.at(-2), parts.slice(0, -2).join(":")];
  const slash = container.indexOf("/");
  const [ports, protocol] = slash < 0 ? [container, ""] : [container.slice(0, slash), container.slice(slash + 1)];
  if (ports === "") fail(`invalid port: ${quote(text)}: no port specified`);
  if (!["", "tcp", "udp", "sctp"].includes(protocol.toLowerCase()))
    fail(`invalid port: ${quote(text)}: invalid proto: ${protocol}`);
  const bare = ip.replace(/^\[(.*)\]$/, "$1");
  if (bare !== "" && isIP(bare) === 0) fail(`invalid IP address: ${bare}`);
  const [first, last] = portRange(ports) ?? fail(`invalid containerPort: ${ports}`);
  if (host !== "") {
    const [from, to] = portRange(host) ?? fail(`invalid hostPort: ${host}`);
    if (to - from !== last - first && first !== last)
      fail(`invalid ranges specified for container and host Ports: ${ports} and ${host}`);
  }
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase() || "tcp"}`);
}

function portRange(text: string): [first: number, last: number] | undefined {
  const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to ?? from)];
  return from === undefined || first > last || last > 65535 ? undefined : [first, last];
}

/** Any number but 0, a name with or without `SIG`, or one counted from those for real time. */
function isSignal(text: string): boolean {
  if (/^-?\d+$/.test(text)) return Number(text) !== 0;
  const name = text.toUpperCase().replace(/^SIG/, "");
  return (
    `SIG${name}` in constants.signals ||
    name === "CLD" ||
    /^RT(MIN(\+([1-9]|1[0-5]))?|MAX(-([1-9]|1[0-4]))?)$/.test(name)
  );
}
