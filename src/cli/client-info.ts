import { dockerRelease } from "../api/version.ts";
import { newestApi } from "../client/client.ts";
import type { CommandDeps } from "./deps.ts";
import { currentContext } from "./engine.ts";
import { version } from "./version.ts";

/** What `version` and `info` say of the client, under Docker's names. */
export interface ClientInfo {
  /** The client's own name and version. */
  Platform: { Name: string };
  /** The release of Docker that it is to be compared with. */
  Version: string;
  /** The API version spoken with the engine; absent where none was asked. */
  ApiVersion?: string;
  DefaultAPIVersion: string;
  GitCommit: string;
  GoVersion: string;
  Os: string;
  Arch: string;
  BuildTime?: string;
  Context: string;
}

export async function clientInfo(deps: CommandDeps, apiVersion?: string): Promise<ClientInfo> {
  const { env, globals, configDir, config } = deps;
  return {
    Platform: { Name: `Berth ${version}` },
    Version: dockerRelease,
    ...(apiVersion !== undefined && { ApiVersion: apiVersion }),
    DefaultAPIVersion: newestApi,
    GitCommit: "",
    GoVersion: `bun${Bun.version}`,
    Os: process.platform === "win32" ? "windows" : process.platform,
    Arch: process.arch === "x64" ? "amd64" : process.arch,
    Context: await currentContext({ env, globals, given: new Set(), configDir, config }),
  };
}
