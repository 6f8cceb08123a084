import { availableParallelism } from "node:os";
import type { NodeDescription } from "../api/types/swarm.ts";
import { dockerRelease } from "../api/version.ts";
import type { ServerDeps } from "../server/deps.ts";
import { systemInfo } from "../server/system/info.ts";

/** This machine as the other nodes of a cluster are told of it. */
export function describeNode(server: ServerDeps): NodeDescription {
  const { Plugins = {} } = systemInfo(server);
  const { facts, settings } = server;
  const named = (Type: string, names: readonly string[] | null | undefined) =>
    (names ?? []).map((Name) => ({ Type, Name }));
  return {
    Hostname: facts.hostname,
    Platform: { Architecture: facts.machine, OS: "linux" },
    Resources: { NanoCPUs: availableParallelism() * 1e9, MemoryBytes: facts.memory },
    Engine: {
      EngineVersion: dockerRelease,
      ...(settings.labels.length > 0 && { Labels: labelsOf(settings.labels) }),
      Plugins: [
        ...named("Log", Plugins.Log),
        ...named("Network", [...new Set([...(Plugins.Network ?? []), "overlay"])].sort()),
        ...named("Volume", Plugins.Volume),
      ],
    },
  };
}

function labelsOf(labels: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    labels.map((label) => {
      const at = label.indexOf("=");
      return at < 0 ? [label, ""] : [label.slice(0, at), label.slice(at + 1)];
    }),
  );
}
