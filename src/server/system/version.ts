import type { SystemVersion } from "../../api/types/system.ts";
import { dockerRelease, newestApi, oldestApi } from "../../api/version.ts";
import type { ServerDeps } from "../deps.ts";

/**
 * `GET /version`. Clients compare the engine's version with Docker's releases; ours stands in the platform and in a
 * component of its own.
 */
export function systemVersion({ facts, containers }: ServerDeps): SystemVersion {
  const arch = containers.facts.arch;
  const runtimes = Object.entries(facts.runtimeVersions);
  return {
    Platform: { Name: `Berth ${facts.version}` },
    Version: dockerRelease,
    ApiVersion: newestApi,
    MinAPIVersion: oldestApi,
    Os: "linux",
    Arch: arch,
    Components: [
      {
        Name: "Engine",
        Version: dockerRelease,
        Details: {
          ApiVersion: newestApi,
          Arch: arch,
          BuildTime: facts.buildTime,
          Experimental: String(facts.experimental),
          GitCommit: facts.gitCommit,
          GoVersion: goVersion,
          KernelVersion: facts.kernelVersion,
          MinAPIVersion: oldestApi,
          Os: "linux",
        },
      },
      { Name: "Berth", Version: facts.version, Details: { GitCommit: facts.gitCommit } },
      ...runtimes.map(([Name, version]) => ({
        Name,
        Version: version.replace(/^\S+ (?:version )?/, ""),
        Details: { GitCommit: "" },
      })),
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
