import type { ContainerInspectResponse } from "../api/types/container.ts";
import { rootfsDriverData, rootfsUsage } from "../image/rootfs.ts";
import type { ContainerContext } from "./context.ts";
import { describeMount, describeNetworks } from "./describe.ts";
import { sharedContainer } from "./network-files.ts";
import { logPathOf } from "./log-options.ts";
import { findContainer } from "./lookup.ts";
import { apparmorProfileOf } from "../runtime/spec/apparmor.ts";
import { commandOf } from "../runtime/spec/command.ts";
import { parseSecurityOptions } from "../runtime/spec/security-options.ts";
import { hostnamePath, hostsPath, resolvConfPath } from "./paths.ts";
import type { ContainerRecord } from "./record.ts";
import { describeState } from "./status.ts";
import { containerById, openExecs } from "./table.ts";

export async function inspectContainer(ctx: ContainerContext, ref: string, { size = false }: { size?: boolean } = {}): Promise<ContainerInspectResponse> {
  const c = findContainer(ctx, ref);
  const usage = size ? await rootfsUsage(ctx.images, c.id) : null;
  const [path = "", ...args] = commandOf(c.spec.config);
  const execs = openExecs(ctx.store, c.id).map((exec) => exec.id);
  const driver = c.state.phase === "dead" || c.state.phase === "removing" ? null : rootfsDriverData(ctx.images, c.id);
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
    ResolvConfPath: started ? resolvConfPath(ctx, files) : "",
    HostnamePath: started ? hostnamePath(ctx, files) : "",
    HostsPath: started ? hostsPath(ctx, files) : "",
    LogPath: logPathOf(ctx, c) ?? "",
    Name: `/${c.name}`,
    RestartCount: c.state.restartCount,
    Driver: driver?.Name ?? "",
    Platform: c.spec.platform,
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: ctx.facts.apparmor && started ? apparmorProfile(ctx, c) : "",
    ExecIDs: execs.length > 0 ? execs : null,
    HostConfig: { ...c.spec.hostConfig, Links: describeLinks(ctx, c) },
    GraphDriver: driver,
    ...(usage && { SizeRw: usage.rw, SizeRootFs: usage.root }),
    Mounts: c.spec.mounts.map(describeMount),
    Config: c.spec.config,
    NetworkSettings: describeNetworks(c),
  };
}

/** Known from the first start on, as in Docker. */
function apparmorProfile(ctx: ContainerContext, { spec: { hostConfig } }: ContainerRecord): string {
  return apparmorProfileOf(parseSecurityOptions(hostConfig.SecurityOpt ?? [], ctx.defaults), hostConfig.Privileged ?? false);
}

/** As Docker shows them: `/other:/this/alias`. On user-defined networks they are the endpoint's. */
function describeLinks(ctx: ContainerContext, c: ContainerRecord): string[] | null {
  const links = c.spec.links.flatMap(({ containerId, alias }) => {
    const other = containerById(ctx.store, containerId);
    return other ? [`/${other.name}:/${c.name}/${alias}`] : [];
  });
  return links.length > 0 ? links : null;
}
