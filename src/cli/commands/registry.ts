/**
 * Where every command lives. `groups` are the nouns (`berth container …`), each with a table of its own that loads
 * when one of its commands is called; `shortcuts` are the top-level verbs that stand for a noun's command.
 */
import type { CommandTable } from "../command.ts";

export interface Group {
  short: string;
  load(): Promise<{ default: CommandTable }>;
}

export const groups: Readonly<Record<string, Group>> = {
  /** Commands with no noun: inspect, login, version, … */
  "": { short: "", load: () => import("./top/index.ts") },
  builder: { short: "Manage builds", load: () => import("./builder/index.ts") },
  checkpoint: { short: "Manage checkpoints", load: () => import("./checkpoint/index.ts") },
  completion: { short: "Write a completion script for a shell", load: () => import("./completion/index.ts") },
  config: { short: "Manage configurations of services", load: () => import("./config/index.ts") },
  container: { short: "Manage containers", load: () => import("./container/index.ts") },
  context: { short: "Manage contexts", load: () => import("./context/index.ts") },
  image: { short: "Manage images", load: () => import("./image/index.ts") },
  manifest: { short: "Manage image manifests and manifest lists", load: () => import("./manifest/index.ts") },
  migrate: { short: "Take things over from another engine", load: () => import("./migrate/index.ts") },
  network: { short: "Manage networks", load: () => import("./network/index.ts") },
  node: { short: "Manage nodes of a swarm", load: () => import("./node/index.ts") },
  plugin: { short: "Manage plugins", load: () => import("./plugin/index.ts") },
  secret: { short: "Manage secrets of services", load: () => import("./secret/index.ts") },
  service: { short: "Manage services", load: () => import("./service/index.ts") },
  stack: { short: "Manage stacks of services", load: () => import("./stack/index.ts") },
  swarm: { short: "Manage a swarm", load: () => import("./swarm/index.ts") },
  system: { short: "Manage the engine", load: () => import("./system/index.ts") },
  trust: { short: "Manage trust in images", load: () => import("./trust/index.ts") },
  volume: { short: "Manage volumes", load: () => import("./volume/index.ts") },
};

export const shortcuts: Readonly<Record<string, string>> = {
  attach: "container attach",
  build: "image build",
  commit: "container commit",
  cp: "container cp",
  create: "container create",
  diff: "container diff",
  events: "system events",
  exec: "container exec",
  export: "container export",
  history: "image history",
  images: "image ls",
  import: "image import",
  info: "system info",
  kill: "container kill",
  load: "image load",
  logs: "container logs",
  pause: "container pause",
  port: "container port",
  ps: "container ls",
  pull: "image pull",
  push: "image push",
  rename: "container rename",
  restart: "container restart",
  rm: "container rm",
  rmi: "image rm",
  run: "container run",
  save: "image save",
  start: "container start",
  stats: "container stats",
  stop: "container stop",
  tag: "image tag",
  top: "container top",
  unpause: "container unpause",
  update: "container update",
  wait: "container wait",
};

/** The order of `--help`'s first two sections. */
export const commonCommands: readonly string[] = [
  "run",
  "exec",
  "ps",
  "build",
  "pull",
  "push",
  "images",
  "login",
  "logout",
  "search",
  "version",
  "info",
];

export const managementOrder: readonly string[] = [
  "builder",
  "checkpoint",
  "container",
  "context",
  "image",
  "manifest",
  "migrate",
  "network",
  "plugin",
  "system",
  "trust",
  "volume",
];

/**
 * Shown by `--help` beside the others: what begins a swarm. Those for managers are left out, as Docker does outside of
 * one.
 */
export const swarmOrder: readonly string[] = ["swarm"];
