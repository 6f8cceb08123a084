/** Names of what there is in the engine; empty where the engine does not answer. */

import type { PluginsInfo } from "../../api/types/system.ts";
import { listContainers } from "../../client/containers.ts";
import { listImages } from "../../client/images.ts";
import { listNetworks } from "../../client/networks.ts";
import { listPlugins } from "../../client/plugins.ts";
import { engineInfo } from "../../client/system.ts";
import { listVolumes } from "../../client/volumes.ts";
import type { CommandDeps } from "../deps.ts";
import type { Kind } from "./kinds.ts";

export interface Candidate {
  value: string;
  help?: string;
}

const platforms = [
  "linux/amd64",
  "linux/arm64",
  "linux/arm/v7",
  "linux/arm/v6",
  "linux/386",
  "linux/ppc64le",
  "linux/riscv64",
  "linux/s390x",
  "windows/amd64",
];
const signals = [
  "SIGABRT",
  "SIGALRM",
  "SIGCHLD",
  "SIGCONT",
  "SIGHUP",
  "SIGINT",
  "SIGKILL",
  "SIGPIPE",
  "SIGQUIT",
  "SIGSTOP",
  "SIGTERM",
  "SIGTSTP",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
];
const states: Readonly<Record<string, readonly string[]>> = {
  running: ["running", "paused", "restarting"],
  unpaused: ["running"],
  paused: ["paused"],
  stopped: ["created", "exited", "dead"],
};

export async function namesOf(
  deps: CommandDeps,
  kind: Exclude<Kind, "files" | "directories" | "none">,
): Promise<Candidate[]> {
  if (typeof kind === "object") return kind.words.map((value) => ({ value }));
  try {
    switch (kind) {
      case "platforms":
        return platforms.map((value) => ({ value }));
      case "signals":
        return signals.map((value) => ({ value }));
      case "images": {
        const images = await listImages(await deps.client());
        return images
          .flatMap(({ RepoTags }) => (RepoTags ?? []).filter((tag) => !tag.includes("<none>")))
          .sort()
          .map((value) => ({ value }));
      }
      case "networks":
        return (await listNetworks(await deps.client())).map(({ Name = "", Driver = "" }) => ({
          value: Name,
          help: Driver,
        }));
      case "volumes":
        return ((await listVolumes(await deps.client())).Volumes ?? []).map(({ Name, Driver }) => ({
          value: Name,
          help: Driver,
        }));
      case "plugins":
        return (await listPlugins(await deps.client())).map(({ Name }) => ({ value: Name }));
      case "log drivers":
        // Docker's engine takes `none` and does not list it.
        return named(new Set([...((await drivers(deps)).Log ?? []), "none"]));
      case "network drivers":
        return named((await drivers(deps)).Network ?? []);
      case "volume drivers":
        return named((await drivers(deps)).Volume ?? []);
      case "contexts": {
        const { listContexts } = await import("../config/context-store.ts");
        return (await listContexts(deps)).map(({ Name, Metadata }) => ({
          value: Name,
          ...(Metadata.Description && { help: Metadata.Description }),
        }));
      }
      default:
        return await containers(deps, kind);
    }
  } catch {
    // A completion that cannot be made is none; the command itself will say what is wrong.
    return [];
  }
}

async function drivers(deps: CommandDeps): Promise<PluginsInfo> {
  return (await engineInfo(await deps.client())).Plugins ?? {};
}

const named = (names: Iterable<string>): Candidate[] => [...names].map((value) => ({ value }));

async function containers(deps: CommandDeps, kind: string): Promise<Candidate[]> {
  const status = states[kind];
  const found = await listContainers(await deps.client(), { all: true, ...(status && { filters: { status } }) });
  return found.flatMap(({ Names = [], Image = "", Status = "" }) =>
    Names.map((name) => name.replace(/^\//, ""))
      .filter((name) => !name.includes("/"))
      .map((value) => ({ value, help: `${Image}, ${Status}` })),
  );
}
