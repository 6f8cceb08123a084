/** How an option's text becomes a value, and what type its key has in the configuration file. */
export type OptionKind =
  | "string"
  | "boolean"
  | "integer"
  | "bytes"
  | "list"
  | "map"
  | "ulimits"
  | "pools"
  | "runtimes"
  | "network-options"
  | "object";

/** One setting of the daemon: what it is called in the file and on the command line, and what `--help` says. */
export interface DaemonOption {
  /** Name in the configuration file, that of Docker's daemon.json. */
  key: string;
  /** Name on the command line; absent: only in the file. */
  flag?: string;
  short?: string;
  kind: OptionKind;
  /** Shown by `--help` after the name: `list`, `string`, … */
  type?: string;
  help: string;
  /** Shown by `--help`. */
  shown?: string;
  /**
   * What there is of it: absent, all. `ignored`: nothing, and nothing is missed, so a warning will do (unless it is
   * set to what Berth does anyway, `harmless`). `refused`: nothing, and going on without it would be wrong.
   */
  support?: "ignored" | "refused";
  harmless?: string;
}
