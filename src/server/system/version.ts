import type { SystemVersion } from "../../api/types/system.ts";
import { newestApi, oldestApi } from "../../api/version.ts";
import type { ServerContext } from "../context.ts";

/** `GET /version`. */
export function systemVersion({ facts, containers }: ServerContext): SystemVersion {
  const arch = containers.facts.arch;
  const runtimes = Object.entries(facts.runtimeVersions);
  return {
    Platform: { Name: "Berth" },
    Version: facts.version,
    ApiVersion: newestApi,
    MinAPIVersion: oldestApi,
    Os: "linux",
    Arch: arch,
    Components: [
      {
        Name: "Engine",
        Version: facts.version,
        Details: {
          ApiVersion: newestApi, Arch: arch, BuildTime: facts.buildTime, Experimental: String(facts.experimental), GitCommit: facts.gitCommit,
          GoVersion: goVersion, KernelVersion: facts.kernelVersion, MinAPIVersion: oldestApi, Os: "linux",
        },
      },
      ...runtimes.map(([Name, version]) => ({ Name, Version: version.replace(/^\S+ (?:version )?/, ""), Details: { GitCommit: "" } })),
    ],
    GitCommit: facts.gitCommit,
    GoVersion: goVersion,
    KernelVersion: facts.kernelVersion,
    Experimental: facts.experimental,
    BuildTime: facts.buildTime,
  };
}

/** Clients print it; it tells what the engine runs on. */
const goVersion = `bun${Bun.version}`;
