import { normalize } from "node:path/posix";
import type { ContainerConfig, ContainerCreateResponse, CreateBody, HostConfig } from "../../api/types/container.ts";
import type { EndpointSettings, NetworkingConfig } from "../../api/types/network.ts";
import type { ImageRecord } from "../../image/record.ts";
import { conflict, hasCode, invalid } from "../../lib/errors.ts";
import { newId, shortId } from "../../lib/ids.ts";
import { timeNow } from "../../linux/clock.ts";
import { formatPlatform, hostPlatform, parsePlatform, platformScore } from "../../oci/platform.ts";
import { commandOf } from "../../runtime/bundle/command.ts";
import { validateHostConfig } from "../../runtime/bundle/validate.ts";
import { makeWorkdir } from "../../runtime/bundle/workdir.ts";
import { parseLogOptions } from "../../runtime/logs/driver/driver.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { openRootfs } from "../files/rootfs-use.ts";
import { validateHealthAction } from "../health/on-failure.ts";
import { destroy } from "../life/remove.ts";
import type { LinkRecord } from "../link-table.ts";
import { logAttributes, logPatterns } from "../logs/log-attributes.ts";
import { populateVolumes } from "../mounts/populate.ts";
import { makeMounts, planMounts } from "../mounts/resolve.ts";
import { resolveLinks } from "../network/links.ts";
import { validateNetworks } from "../network/validate-networks.ts";
import { type ContainerRecord, type LaidFile, newRunState } from "../record.ts";
import { setState } from "../state.ts";
import { containerByName, insertContainer, updateSpec } from "../table.ts";
import { idsOf, rootOf } from "../user-namespace.ts";
import { completeConfig, completeHostConfig } from "./defaults.ts";
import { mergeConfig } from "./merge.ts";
import { isValidName, randomName } from "./names.ts";
import { validateRequest } from "./validate-request.ts";

/** `POST /containers/create`: its query and its body. */
export interface CreateRequest {
  /** Made up where absent. */
  name?: string;
  /** `os[/arch[/variant]]`. */
  platform?: string;
  body: CreateBody;
  /** Read-only binds leave what is mounted below their source writable, as for clients before API v1.44. */
  shallowReadOnly?: boolean;
  /** Files of the engine's that it sees besides, read-only; whoever makes it keeps them while it is there. */
  files?: readonly LaidFile[];
}

/**
 * Makes a container that can be started: the merged configuration under a name of its own, its volumes (filled from
 * the image) and its writable root filesystem. A transaction: what fails, or is cut off by a crash, leaves nothing.
 */
export async function createContainer(
  deps: ContainerDeps,
  { name, platform, body, shallowReadOnly = false, files = [] }: CreateRequest,
): Promise<ContainerCreateResponse> {
  const { HostConfig, NetworkingConfig, ...request } = body;
  validateRequest(request, HostConfig ?? {});
  const hostConfig = completeHostConfig(deps, HostConfig ?? {});
  const { warnings } = validateHostConfig(request, hostConfig, deps.facts, {
    cgroupDriver: deps.runtime.cgroupDriver,
    runtimes: deps.runtime.names(),
    remapped: deps.remap !== null,
  });
  const logDriver = await deps.runtime.logDrivers.find(hostConfig.LogConfig?.Type ?? "");
  parseLogOptions(logDriver, hostConfig.LogConfig?.Config ?? {});
  const patterns = await logPatterns(hostConfig.LogConfig?.Config ?? {});

  const image = request.Image
    ? deps.images.resolve(request.Image, platform ? { platform: parsePlatform(platform) } : {})
    : null;
  if (image && !platform) warnings.push(...platformWarnings(image));
  if (hostConfig.Mounts?.some(({ Type }) => Type === "image")) warnings.push("Image mount is an experimental feature");
  const config = mergeWithImage(request, image);
  validateHealthAction(config, hostConfig.HealthOnFailure);
  const endpoints = endpointsOf(hostConfig, NetworkingConfig);
  validateNetworks(deps, hostConfig.NetworkMode ?? "bridge", endpoints);
  const links = resolveLinks(deps, hostConfig);
  const plan = planMounts(deps, config, hostConfig, { shallowReadOnly });

  const id = newId();
  const c: ContainerRecord = {
    id,
    name: "",
    imageId: image?.id ?? null,
    created: timeNow(),
    spec: {
      config: completeConfig(config, hostConfig, id),
      hostConfig,
      endpoints,
      mounts: plan,
      platform: image?.config.os ?? "linux",
      ...(files.length > 0 && { files: [...files] }),
    },
    state: newRunState(),
  };
  // Called for its errors only: those of the template in log options.
  logAttributes(c, patterns);
  insertUnderName(deps, c, links, name);

  await using undo = new AsyncDisposableStack();
  undo.defer(() => destroy(deps, c, { volumes: true, quiet: true }));
  await deps.rootfs.create(id, image, {
    ...(hostConfig.StorageOpt && { storageOpt: hostConfig.StorageOpt }),
    volatile: hostConfig.AutoRemove ?? false,
  });
  // Before the volumes, which take over what the image has in their place, this directory included.
  await prepareWorkdir(deps, c);
  c.spec.mounts = await makeMounts(deps, id, plan);
  updateSpec(deps.store, id, c.spec);
  await populateVolumes(deps, c);
  undo.move();

  setState(deps, c, { phase: "created" });
  publish(deps, c, "create");
  return { Id: id, Warnings: warnings };
}

/** The working directory is there before the first start: files are copied into it, and out of it. */
async function prepareWorkdir(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  const { WorkingDir } = c.spec.config;
  if (!WorkingDir || WorkingDir === "/") return;
  // It stays mounted: a start is what comes next, as a rule.
  makeWorkdir(await openRootfs(deps, c), WorkingDir, rootOf(idsOf(deps, c)));
}

function platformWarnings({ platform }: ImageRecord): string[] {
  const host = hostPlatform();
  if (platformScore(host, platform) > 0) return [];
  return [
    `The requested image's platform (${formatPlatform(platform)}) does not match the detected host platform ` +
      `(${formatPlatform(host)}) ` +
      "and no specific platform was requested",
  ];
}

function mergeWithImage(request: ContainerConfig, image: ImageRecord | null): ContainerConfig {
  const config = image?.config.config ? mergeConfig(request, image.config.config) : { ...request };
  if (config.Entrypoint?.length === 1 && config.Entrypoint[0] === "") config.Entrypoint = null;
  if (commandOf(config).length === 0) throw invalid("no command specified");
  if (config.WorkingDir) config.WorkingDir = normalize(config.WorkingDir).replace(/(.)\/$/, "$1");
  return config;
}

/** Desired endpoints by network; the network of the mode among them, where it takes endpoints at all. */
export function endpointsOf(
  host: HostConfig,
  networking: NetworkingConfig | null | undefined,
): Record<string, EndpointSettings> {
  const mode = host.NetworkMode ?? "bridge";
  if (mode.startsWith("container:")) return {};
  const endpoints = Object.fromEntries(
    Object.entries(networking?.EndpointsConfig ?? {}).map(([name, endpoint]) => [
      name === "default" ? "bridge" : name,
      endpoint ?? {},
    ]),
  );
  return Object.keys(endpoints).length > 0 ? endpoints : { [mode]: {} };
}

/** Puts the rows in, and so reserves the name: the database lets a name be taken once. */
export function insertUnderName(
  deps: ContainerDeps,
  c: ContainerRecord,
  links: readonly LinkRecord[],
  wanted: string | undefined,
): void {
  const asked = wanted?.replace(/^\//, "");
  if (wanted && !isValidName(asked ?? "")) {
    throw invalid(`Invalid container name (${wanted}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  for (let attempt = 0; ; attempt++) {
    c.name = asked || (attempt < 6 ? randomName(attempt) : shortId(c.id));
    try {
      return insertContainer(deps.store, c, links);
    } catch (error) {
      if (!isNameTaken(error)) throw error;
      if (asked || attempt > 6) throw nameConflict(deps, c.name);
    }
  }
}

/** Whether an insert or update failed because a container of that name exists already. */
export function isNameTaken(error: unknown): boolean {
  return hasCode(error, "SQLITE_CONSTRAINT_UNIQUE");
}

/** The error `conflict` for a name that another container has, with Docker's text and that container's id. */
export function nameConflict(deps: ContainerDeps, name: string): Error {
  const holder = containerByName(deps.store, name)?.id ?? "";
  return conflict(
    `Conflict. The container name "/${name}" is already in use by container "${holder}". ` +
      "You have to remove (or rename) that container to be able to reuse that name.",
  );
}
