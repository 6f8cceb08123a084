import type { ContainerInspectResponse } from "../../api/types/container.ts";
import { apparmorProfileOf } from "../../runtime/bundle/apparmor.ts";
import { commandOf } from "../../runtime/bundle/command.ts";
import { parseSecurityOptions } from "../../runtime/bundle/security-options.ts";
import type { ContainerDeps } from "../deps.ts";
import { linksOf } from "../link-table.ts";
import { collectionOf } from "../logs/log-options.ts";
import { findContainer } from "../lookup.ts";
import { sharedContainer } from "../network/network-files.ts";
import { hostnamePath, hostsPath, resolvConfPath } from "../paths.ts";
import type { ContainerRecord } from "../record.ts";
import { openExecs } from "../table.ts";
import { describeMount, describeNetworks } from "./describe.ts";
import { describeState } from "./status.ts";

/**
 * `GET /containers/<id>/json`. `size` also measures the file system, which is slow. Throws `not-found` where there is
 * no such container.
 */
export async function inspectContainer(
  deps: ContainerDeps,
  ref: string,
  { size = false }: { size?: boolean } = {},
): Promise<ContainerInspectResponse> {
  const c = findContainer(deps, ref);
  const usage = size ? await deps.rootfs.usage(c.id) : null;
  const [path = "", ...args] = commandOf(c.spec.config);
  const execs = openExecs(deps.store, c.id).map((exec) => exec.id);
  const driver = deps.rootfs.driverData(c.id);
  const gone = c.state.phase === "dead" || c.state.phase === "removing";
  // A container in another's network namespace shares its files.
  const donor = sharedContainer(c.spec.hostConfig.NetworkMode);
  const files = donor === undefined ? c.id : donor;
  const started = c.state.started;
  return {
    Id: c.id,
    Created: c.created,
    Path: path,
    Args: args,
    State: describeState(c.state),
    Image: c.imageId ?? "",
    ResolvConfPath: started ? resolvConfPath(deps, files) : "",
    HostnamePath: started ? hostnamePath(deps, files) : "",
    HostsPath: started ? hostsPath(deps, files) : "",
    LogPath: (started && collectionOf(deps, c)?.target) || "",
    Name: `/${c.name}`,
    RestartCount: c.state.restartCount,
    Driver: driver.Name,
    Platform: c.spec.platform,
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: deps.facts.apparmor && started ? apparmorProfile(deps, c) : "",
    ExecIDs: execs.length > 0 ? execs : null,
    HostConfig: { ...c.spec.hostConfig, Links: describeLinks(deps, c) },
    // As dockerd has it: what is being removed has a driver, and no directories any more.
    GraphDriver: gone ? { ...driver, Data: null } : driver,
    ...(usage && { SizeRw: usage.rw, SizeRootFs: usage.root }),
    Mounts: c.spec.mounts.map(describeMount),
    Config: c.spec.config,
    NetworkSettings: describeNetworks(c),
  };
}

/** Name of the AppArmor profile. Inspect shows it only from the first start on, as in Docker. */
function apparmorProfile(deps: ContainerDeps, { spec: { hostConfig } }: ContainerRecord): string {
  return apparmorProfileOf(
    parseSecurityOptions(hostConfig.SecurityOpt ?? [], deps.defaults),
    hostConfig.Privileged ?? false,
  );
}

/** As Docker shows them: `/other:/this/alias`. On user-defined networks they are the endpoint's. */
function describeLinks(deps: ContainerDeps, c: ContainerRecord): string[] | null {
  const links = linksOf(deps.store, c.id).map(({ childName, alias }) => `/${childName}:/${c.name}/${alias}`);
  return links.length > 0 ? links : null;
}
