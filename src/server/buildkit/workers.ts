import type { Platform } from "../../api/buildkit/llb.ts";
import type { BuildkitVersion, WorkerRecord } from "../../api/buildkit/worker.ts";
import { annotationsOf, isAutoAllowed } from "../../builder/devices.ts";
import type { Input } from "../../lib/protobuf.ts";
import { emulatedMachines, x86Levels } from "../../linux/programs.ts";
import { hostGateways } from "../../network/sandbox/sandbox.ts";
import { hostPlatform } from "../../oci/platform.ts";
import type { ServerDeps } from "../deps.ts";

/** What stands for BuildKit's version: clients only show it. */
export function buildkitVersion({ facts }: Pick<ServerDeps, "facts">): Input<typeof BuildkitVersion> {
  return { package: "github.com/moby/buildkit", version: `v0.25.1-berth${facts.version}`, revision: facts.gitCommit };
}

/** The one worker that there is: this engine. */
export function workerRecord(deps: Pick<ServerDeps, "facts" | "build" | "networks">): Input<typeof WorkerRecord> {
  const [gateway] = hostGateways(deps.networks);
  const { cacheLimit, cdi } = deps.build;
  return {
    id: deps.facts.id,
    labels: new Map([
      // What clients put in place of the word host-gateway.
      ...(gateway === undefined ? [] : [["org.mobyproject.buildkit.worker.moby.host-gateway-ip", gateway] as const]),
      ["org.mobyproject.buildkit.worker.executor", "oci"],
      ["org.mobyproject.buildkit.worker.hostname", deps.facts.hostname],
      // That it is there has clients ask for what dockerd does with containerd's image store.
      ["org.mobyproject.buildkit.worker.snapshotter", deps.build.images.snapshotter.driver],
    ]),
    platforms: platforms(),
    gcPolicy: cacheLimit > 0 ? [{ all: true, maxUsedSpace: cacheLimit }] : [],
    buildkitVersion: buildkitVersion(deps),
    cdiDevices: [...(cdi?.discover().devices.values() ?? [])].map((device) => ({
      name: device.name,
      autoAllow: isAutoAllowed(device),
      annotations: new Map(Object.entries(annotationsOf(device))),
    })),
  };
}

/** What programs of this machine can be for: its own first, with its levels, then those of emulators. */
function platforms(): Input<typeof Platform>[] {
  const { architecture, os, variant = "" } = hostPlatform();
  const own =
    architecture === "amd64"
      ? ["amd64", ...x86Levels().map((level) => `amd64/${level}`), "386"]
      : [variant === "" ? architecture : `${architecture}/${variant}`];
  return [...new Set([...own, ...emulatedMachines()])].map((machine) => {
    const [name = "", level = ""] = machine.split("/");
    return { os, architecture: name, variant: level };
  });
}
