import type { OciImageConfig } from "../oci/image.ts";
import type { CommandLine, Instruction } from "./dockerfile/instructions.ts";
import { DockerfileError } from "./dockerfile/source.ts";
import type { Variables } from "./variables.ts";

const defaultShell = ["/bin/sh", "-c"];

/** What the instructions of a stage change in the image's configuration. */
export interface Configuration {
  config: OciImageConfig;
  author: string;
  /** A CMD of the base image goes when the stage sets its own ENTRYPOINT. */
  cmdSet: boolean;
}

/** The instructions that change configuration only. Returns what history says of them; undefined for other kinds. */
export function configure(state: Configuration, instruction: Instruction, variables: Variables): string | undefined {
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
      config.Env = variables.env();
      return `ENV ${pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`;
    }
    case "LABEL": {
      const pairs = instruction.pairs.map(({ key, value }) => ({ key: one(key), value: one(value) }));
      config.Labels = { ...config.Labels, ...Object.fromEntries(pairs.map(({ key, value }) => [key, value])) };
      return `LABEL ${pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`;
    }
    case "CMD":
      config.Cmd = commandOf(config, instruction.command);
      config.ArgsEscaped = undefined;
      state.cmdSet = true;
      return `CMD ${JSON.stringify(config.Cmd)}`;
    case "ENTRYPOINT":
      config.Entrypoint = commandOf(config, instruction.command);
      if (!state.cmdSet) config.Cmd = undefined;
      return `ENTRYPOINT ${JSON.stringify(config.Entrypoint)}`;
    case "USER":
      config.User = one(instruction.user);
      return `USER ${config.User}`;
    case "EXPOSE": {
      const ports = instruction.ports.flatMap((port) => variables.words(port, range)).flatMap((port) => exposed(port, instruction));
      config.ExposedPorts = { ...config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
      return `EXPOSE map[${ports.map((port) => `${port}:{}`).join(" ")}]`;
    }
    case "VOLUME": {
      const paths = instruction.paths.map((path) => one(path));
      config.Volumes = { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
      return `VOLUME [${paths.join(" ")}]`;
    }
    case "STOPSIGNAL":
      config.StopSignal = one(instruction.signal);
      if (!/^(SIG)?[A-Z][A-Z0-9+-]*$/i.test(config.StopSignal) && !(/^\d+$/.test(config.StopSignal) && Number(config.StopSignal) <= 64)) {
        throw new DockerfileError(`invalid signal: ${config.StopSignal}`, range, { near: instruction.signal });
      }
      return `STOPSIGNAL ${config.StopSignal}`;
    case "SHELL":
      config.Shell = instruction.argv;
      return `SHELL [${instruction.argv.join(" ")}]`;
    case "HEALTHCHECK": {
      const { Test, ...times } = instruction.check;
      config.Healthcheck = { ...(Test && { Test }), ...Object.fromEntries(Object.entries(times).filter(([, value]) => value !== null && value !== undefined)) };
      return `HEALTHCHECK ${JSON.stringify(config.Healthcheck)}`;
    }
    case "ONBUILD":
      config.OnBuild = [...(config.OnBuild ?? []), instruction.trigger];
      return `ONBUILD ${instruction.trigger}`;
    case "MAINTAINER":
      state.author = one(instruction.name);
      return `MAINTAINER ${state.author}`;
    default:
      return undefined;
  }
}

/** argv of a command: the shell form is given to the stage's SHELL. Here-documents follow the line as a shell reads them. */
export function commandOf(config: OciImageConfig, command: CommandLine): string[] {
  if (command.form === "exec") return command.argv;
  const shell = config.Shell ?? defaultShell;
  return [...shell, command.text];
}

/** `80`, `80/udp`, `8000-8010/tcp`. */
function exposed(text: string, instruction: Instruction): string[] {
  const [, from, to, protocol = "tcp"] = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to ?? from)];
  if (from === undefined || first > last || last > 65535) throw new DockerfileError(`invalid containerPort: ${text}`, instruction.range, { near: text });
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`);
}
