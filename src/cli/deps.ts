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
  /** The program as it was called: `/usr/bin/docker`. Its last part is its name in messages. */
  readonly invoked: string;
  /** Goes on as another program, and returns only where that cannot be: with the exit code, once it is told. */
  become(path: string, argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number>;
}

/** What a command works with. */
export interface CommandDeps extends Host {
  /** The program's name in messages: `berth`, or what it was called by. */
  readonly program: string;
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
