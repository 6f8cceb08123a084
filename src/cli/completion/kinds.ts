import { own } from "../../lib/own.ts";

/** What stands where on a command line, so that it can be completed. */
export type Kind =
  | "containers"
  | "running"
  | "stopped"
  | "paused"
  | "unpaused"
  | "images"
  | "networks"
  | "volumes"
  | "plugins"
  | "log drivers"
  | "network drivers"
  | "volume drivers"
  | "contexts"
  | "files"
  | "directories"
  | "platforms"
  | "signals"
  | "none"
  | { words: readonly string[] };

interface Positional {
  /** By place; the last is repeated where `repeats` says so. */
  kinds: readonly Kind[];
  repeats?: boolean;
}

const one = (...kinds: Kind[]): Positional => ({ kinds });
const many = (...kinds: Kind[]): Positional => ({ kinds, repeats: true });

/** What the arguments of a command are, by where it lives (`container rm`). */
const positionals: Readonly<Record<string, Positional>> = {
  "builder build": one("directories"),
  "checkpoint create": one("running"),
  "checkpoint ls": one("containers"),
  "checkpoint rm": one("containers"),
  "container attach": one("running"),
  "container commit": one("containers"),
  "container cp": one("containers", "files"),
  "container create": one("images"),
  "container diff": one("containers"),
  "container exec": one("running"),
  "container export": one("containers"),
  "container inspect": many("containers"),
  "container kill": many("running"),
  "container logs": one("containers"),
  "container pause": many("unpaused"),
  "container port": one("running"),
  "container rename": one("containers"),
  "container restart": many("containers"),
  "container rm": many("containers"),
  "container run": one("images"),
  "container start": many("stopped"),
  "container stats": many("running"),
  "container stop": many("running"),
  "container top": one("running"),
  "container unpause": many("paused"),
  "container update": many("containers"),
  "container wait": many("containers"),
  "context export": one("contexts", "files"),
  "context import": one("none", "files"),
  "context inspect": many("contexts"),
  "context rm": many("contexts"),
  "context update": one("contexts"),
  "context use": one("contexts"),
  "image build": one("directories"),
  "image history": one("images"),
  "image import": one("files", "images"),
  "image inspect": many("images"),
  "image ls": one("images"),
  "image pull": one("none"),
  "image push": one("images"),
  "image rm": many("images"),
  "image save": many("images"),
  "image tag": one("images", "images"),
  inspect: many("containers"),
  "network connect": one("networks", "containers"),
  "network disconnect": one("networks", "containers"),
  "network inspect": many("networks"),
  "network rm": many("networks"),
  "plugin create": one("none", "directories"),
  "plugin disable": one("plugins"),
  "plugin enable": one("plugins"),
  "plugin inspect": many("plugins"),
  "plugin push": one("plugins"),
  "plugin rm": many("plugins"),
  "plugin set": one("plugins"),
  "plugin upgrade": one("plugins"),
  "trust key load": one("files"),
  "volume backup": one("volumes", "images"),
  "volume clone": one("volumes"),
  "volume cp": one("volumes", "volumes"),
  "volume export": one("volumes"),
  "volume import": one("none", "files"),
  "volume inspect": many("volumes"),
  "volume rename": one("volumes"),
  "volume rm": many("volumes"),
  "volume snapshot": one("volumes"),
};

/** The kind of a command's argument at a place. */
export function positionalKind(home: string, index: number): Kind {
  const positional = own(positionals, home);
  if (!positional) return "none";
  return (
    positional.kinds[index] ??
    (positional.repeats
      ? (positional.kinds.at(-1) ?? "none")
      : home === "container run" || home === "container exec"
        ? "files"
        : "none")
  );
}

const words = (...list: string[]): Kind => ({ words: list });
const files: Kind = "files";

/** What a flag's value is, by its long name; a command's own meaning stands under `<home> --<flag>`. */
const flagKinds: Readonly<Record<string, Kind>> = {
  attach: words("stdin", "stdout", "stderr"),
  "cap-add": words("ALL", ...capabilities()),
  "cap-drop": words("ALL", ...capabilities()),
  cgroupns: words("host", "private"),
  "checkpoint-dir": "directories",
  cidfile: files,
  config: "directories",
  "config-from": "networks",
  context: "contexts",
  "container inspect --format": words("json"),
  env: "none",
  "env-file": files,
  file: files,
  format: words("json", "table"),
  from: "contexts",
  iidfile: files,
  input: files,
  ipc: words("host", "none", "private", "shareable", "container:"),
  "label-file": files,
  "log-driver": "log drivers",
  "log-level": words("debug", "info", "warn", "error", "fatal"),
  "migrate docker --containerd": "directories",
  "migrate docker --from": "directories",
  net: "networks",
  network: "networks",
  "network create --driver": "network drivers",
  output: files,
  pid: words("host", "container:"),
  platform: "platforms",
  "container create --pull": words("always", "missing", "never"),
  "container run --pull": words("always", "missing", "never"),
  restart: words("no", "always", "on-failure", "unless-stopped"),
  signal: "signals",
  "stop-signal": "signals",
  "compose-file": files,
  tlscacert: files,
  tlscert: files,
  tlskey: files,
  type: words("container", "image", "network", "plugin", "volume"),
  userns: words("host"),
  uts: words("host"),
  volume: "volumes",
  "volume create --driver": "volume drivers",
  "volume-driver": "volume drivers",
  "volumes-from": "containers",
  workdir: "none",
};

export function flagKind(home: string, flag: string): Kind {
  const own = flagKinds[`${home} --${flag}`] ?? flagKinds[flag];
  if (flag === "network" && /^(image|builder) build$/.test(home)) return words("default", "none", "host");
  return own ?? "none";
}

/** Keys of `--filter` by command. */
export const filterKeys: Readonly<Record<string, readonly string[]>> = {
  "builder prune": ["until", "id", "label", "parent", "type", "description", "inuse", "shared", "private"],
  "container ls": [
    "ancestor",
    "before",
    "exited",
    "expose",
    "health",
    "id",
    "is-task",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
  ],
  "container prune": ["label", "label!", "until"],
  "image ls": ["before", "dangling", "label", "reference", "since", "until"],
  "image prune": ["dangling", "label", "label!", "until"],
  "network ls": ["dangling", "driver", "id", "label", "name", "scope", "type"],
  "network prune": ["label", "label!", "until"],
  "plugin ls": ["capability", "enabled"],
  search: ["is-official", "stars"],
  "system events": [
    "config",
    "container",
    "daemon",
    "event",
    "image",
    "label",
    "network",
    "node",
    "plugin",
    "scope",
    "secret",
    "service",
    "type",
    "volume",
  ],
  "system prune": ["label", "label!", "until"],
  "volume ls": ["dangling", "driver", "label", "name"],
  "volume prune": ["all", "label", "label!"],
};

function capabilities(): string[] {
  return [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
  ];
}
