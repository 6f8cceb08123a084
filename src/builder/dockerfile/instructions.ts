import type { HealthConfig } from "../../api/types/container.ts";
import type { Heredoc } from "./lex.ts";
import type { RunDevice } from "./run-device.ts";
import type { Range } from "./source.ts";

/** A command line: the JSON form runs as it is, the shell form through SHELL. */
export type CommandLine = { form: "exec"; argv: string[] } | { form: "shell"; text: string; heredocs: Heredoc[] };

/** The settings of one `RUN --mount=type=…`. Undefined: not given. */
export interface RunMount {
  type: "bind" | "cache" | "tmpfs" | "secret" | "ssh";
  target?: string;
  source?: string;
  from?: string;
  readonly?: boolean;
  id?: string;
  sharing?: "shared" | "private" | "locked";
  required?: boolean;
  mode?: number;
  uid?: number;
  gid?: number;
  /** tmpfs: limit in bytes. */
  size?: number;
  /** secret: name of the environment variable that carries it. */
  env?: string;
}

/** What COPY and ADD share. */
export interface CopyOptions {
  sources: string[];
  /** Content written in place by a here-document, by name. */
  inline: Heredoc[];
  destination: string;
  chown?: string;
  chmod?: string;
  link: boolean;
  parents: boolean;
  exclude: string[];
}

/**
 * An instruction by its keyword. Variables are not yet expanded. `shell`: the command goes through a shell; `legacy`:
 * written `ENV key value`, without `=`.
 */
export type InstructionBody =
  | { kind: "FROM"; image: string; platform?: string; name?: string }
  | { kind: "ARG"; args: { name: string; value?: string; description?: string }[] }
  | { kind: "ENV" | "LABEL"; pairs: { key: string; value: string }[]; legacy: boolean }
  | {
      kind: "RUN";
      command: CommandLine;
      mounts: string[];
      mountsFrom: string[];
      network: "default" | "none" | "host";
      security: "sandbox" | "insecure";
      devices: RunDevice[];
    }
  | { kind: "CMD" | "ENTRYPOINT"; command: CommandLine }
  | ({ kind: "COPY"; from?: string } & CopyOptions)
  | ({ kind: "ADD"; checksum?: string; keepGitDir: boolean; unpack?: boolean } & CopyOptions)
  | { kind: "WORKDIR"; path: string }
  | { kind: "USER"; user: string }
  | { kind: "EXPOSE"; ports: string[] }
  | { kind: "VOLUME"; paths: string[] }
  | { kind: "STOPSIGNAL"; signal: string }
  | { kind: "SHELL"; argv: string[] }
  | { kind: "HEALTHCHECK"; check: HealthConfig; shell: boolean }
  | { kind: "ONBUILD"; trigger: string }
  | { kind: "MAINTAINER"; name: string };

/** An instruction with its place in the file. */
export type Instruction = InstructionBody & {
  /** Source text with continuations joined, as history and progress show it. */
  text: string;
  range: Range;
};

/** The FROM that begins a stage. */
export type FromInstruction = Extract<Instruction, { kind: "FROM" }>;

/** A FROM and what follows it. `name` undefined: it has none (`AS`); `index` counts from 0. */
export interface Stage {
  from: FromInstruction;
  /** Lower case, as stage names are compared. */
  name?: string;
  index: number;
  description?: string;
  instructions: Instruction[];
}

/** A Dockerfile, parsed. `escape`: the character that continues lines; `warnings`: what the checks found on the way. */
export interface Dockerfile {
  /** ARGs before the first FROM. */
  globalArgs: Extract<Instruction, { kind: "ARG" }>[];
  stages: Stage[];
  escape: string;
  directives: Map<string, { value: string; line: number }>;
  warnings: { rule: string; message: string; range: Range }[];
}
