import type { Client } from "../client/client.ts";
import type { ConfigFile } from "./config/file.ts";
import type { Globals } from "./globals.ts";

/** Text or bytes towards the user. Writes are buffered; main flushes at the end, a follower after each piece. */
export interface Output {
  write(data: string | Uint8Array): void;
  flush(): Promise<void>;
  readonly isTerminal: boolean;
  /** Width and height of the terminal in cells; [0, 0] where there is none. */
  size(): [columns: number, rows: number];
}

export interface Input {
  readonly isTerminal: boolean;
  /** The bytes of standard input; to be taken once. */
  stream(): AsyncIterable<Uint8Array>;
}

/** What the process gives to the program; tests give their own (testing.ts). */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: Output;
  readonly err: Output;
  readonly stdin: Input;
}

/** What a command works with. */
export interface CommandContext extends Host {
  /** The command as invoked and printed, `berth ps`. */
  readonly command: string;
  /** Long names of the flags that were given. */
  readonly changed: ReadonlySet<string>;
  readonly globals: Globals;
  /** Directory of the client's configuration, `~/.docker` by default. */
  readonly configDir: string;
  /** config.json, read at the first call; {} where there is none, and with a warning where it cannot be read. */
  config(): Promise<ConfigFile>;
  /** The engine chosen by `-H`, `DOCKER_HOST`, `-c`, `DOCKER_CONTEXT`, the config's context or the default. */
  client(): Promise<Client>;
}
