import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, machine, release, totalmem } from "node:os";
import manifest from "../../package.json" with { type: "json" };
import { errorMessage } from "../lib/errors.ts";
import { run } from "../lib/run.ts";
import type { DaemonFacts } from "../server/deps.ts";
import type { DaemonConfig } from "./config/config.ts";
import type { DaemonPaths } from "./paths.ts";
import { defaultAlias } from "./runtimes.ts";

/** Berth's own version (that of package.json), not the Docker release that it stands in for. */
export const version: string = manifest.version;

/**
 * What `info` and `version` tell of the engine and its host. Runtime versions come later, from {@link
 * askRuntimeVersions}.
 */
export function daemonFacts(config: DaemonConfig, paths: DaemonPaths, warnings: string[]): DaemonFacts {
  const os = osRelease();
  return {
    id: engineId(paths.engineId),
    version,
    experimental: config.experimental,
    gitCommit: "",
    buildTime: "",
    dataRoot: config.dataRoot,
    hostname: hostname(),
    operatingSystem: os["PRETTY_NAME"] ?? "Linux",
    osVersion: os["VERSION_ID"] ?? "",
    kernelVersion: release(),
    machine: machine(),
    memory: totalmem(),
    runtimeVersions: {},
    warnings,
    httpProxy: config.proxies.http,
    httpsProxy: config.proxies.https,
    noProxy: config.proxies.no,
  };
}

/** Fills in the first line of each runtime's `--version`. Takes a process each, so nobody waits for it. */
export async function askRuntimeVersions(
  facts: DaemonFacts,
  runtimes: Readonly<Record<string, { path: string }>>,
): Promise<void> {
  await Promise.all(
    Object.entries(runtimes)
      .filter(([name]) => name !== defaultAlias)
      .map(async ([name, { path }]) => {
        const answer = await run([path, "--version"]).then((result) => result.stdout, errorMessage);
        facts.runtimeVersions[name] = answer.split("\n")[0] ?? "";
      }),
  );
}

function engineId(path: string): string {
  // Empty: it was made on a full disk.
  const known = existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  if (known !== "") return known;
  const id = randomUUID();
  writeFileSync(path, `${id}\n`, { mode: 0o600 });
  return id;
}

function osRelease(): Record<string, string> {
  const file = ["/etc/os-release", "/usr/lib/os-release"].find((path) => existsSync(path));
  if (!file) return {};
  return Object.fromEntries(
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line) => {
        const match = /^([A-Z_]+)=(?:"(.*)"|(.*))$/.exec(line);
        return match ? [[match[1] ?? "", match[2] ?? match[3] ?? ""]] : [];
      }),
  );
}
