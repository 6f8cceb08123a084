import { normalize } from "node:path/posix";
import type { ContainerConfig, ContainerCreateResponse, HostConfig } from "../api/types/container.ts";
import type { EndpointSettings, NetworkingConfig } from "../api/types/network.ts";
import type { ImageRecord } from "../image/record.ts";
import { resolveImage } from "../image/resolve.ts";
import { createRootfs } from "../image/rootfs.ts";
import { conflict, hasCode, invalid } from "../lib/errors.ts";
import { newId, shortId } from "../lib/ids.ts";
import { formatPlatform, hostPlatform, parsePlatform, platformScore } from "../oci/platform.ts";
import { parseLogConfig } from "../runtime/logs/options.ts";
import type { ContainerContext } from "./context.ts";
import { completeConfig, completeHostConfig } from "./defaults.ts";
import { publish } from "./events.ts";
import { logAttributes } from "./log-attributes.ts";
import { resolveLinks } from "./links.ts";
import { commandOf } from "../runtime/spec/command.ts";
import { mergeConfig } from "./merge.ts";
import { populateVolumes } from "./mounts/populate.ts";
import { makeMounts, planMounts } from "./mounts/resolve.ts";
import { isValidName, randomName } from "./names.ts";
import { newRunState, type ContainerRecord } from "./record.ts";
import { destroy } from "./remove.ts";
import { validateHostConfig } from "../runtime/spec/validate.ts";
import { setState } from "./state.ts";
import { containerByName, insertContainer, updateSpec } from "./table.ts";
import { validateRequest } from "./validate-request.ts";

/** Body of `POST /containers/create`. */
export type CreateBody = ContainerConfig & { HostConfig?: HostConfig | null; NetworkingConfig?: NetworkingConfig | null };

export interface CreateRequest {
  /** Made up where absent. */
  name?: string;
  /** `os[/arch[/variant]]`. */
  platform?: string;
  body: CreateBody;
}

/**
 * Makes a container that can be started: the merged configuration under a name of its own, its volumes (filled from
 * the image) and its writable root filesystem. A transaction: what fails, or is cut off by a crash, leaves nothing.
 */
export async function createContainer(ctx: ContainerContext, { name, platform, body }: CreateRequest): Promise<ContainerCreateResponse> {
  const { HostConfig, NetworkingConfig, ...request } = body;
  validateRequest(request, HostConfig ?? {});
  const hostConfig = completeHostConfig(ctx, HostConfig ?? {});
  const { warnings } = validateHostConfig(request, hostConfig, ctx.facts, {
    cgroupDriver: ctx.runtime.cgroupDriver, runtimes: Object.keys(ctx.runtime.runtimes),
  });
  parseLogConfig(hostConfig.LogConfig?.Type ?? "", hostConfig.LogConfig?.Config ?? {});

  const image = request.Image ? resolveImage(ctx.images, request.Image, platform ? { platform: parsePlatform(platform) } : {}) : null;
  if (image && !platform) warnings.push(...platformWarnings(image));
  const config = mergeWithImage(request, image);
  const links = resolveLinks(ctx, hostConfig);
  for (const { containerId } of links) ctx.live.linkTargets.add(containerId);
  const plan = planMounts(ctx, config, hostConfig);

  const id = newId();
  const c: ContainerRecord = {
    id,
    name: "",
    imageId: image?.id ?? null,
    created: new Date().toISOString(),
    spec: {
      config: completeConfig(config, hostConfig, id),
      hostConfig,
      endpoints: endpointsOf(hostConfig, NetworkingConfig),
      links,
      mounts: plan,
      platform: image?.config.os ?? "linux",
    },
    state: newRunState(),
  };
  // Asked for their errors: those of patterns and templates in log options.
  logAttributes(c);
  insertUnderName(ctx, c, name);

  await using undo = new AsyncDisposableStack();
  undo.defer(() => destroy(ctx, c, { volumes: true, quiet: true }));
  c.spec.mounts = await makeMounts(ctx, id, plan);
  updateSpec(ctx.store, id, c.spec);
  await createRootfs(ctx.images, id, image, {
    ...(hostConfig.StorageOpt && { storageOpt: hostConfig.StorageOpt }), volatile: hostConfig.AutoRemove ?? false,
  });
  await populateVolumes(ctx, id, c.spec.mounts);
  undo.move();

  setState(ctx, c, { phase: "created" });
  publish(ctx, c, "create");
  return { Id: id, Warnings: warnings };
}

function platformWarnings({ platform }: ImageRecord): string[] {
  const host = hostPlatform();
  if (platformScore(host, platform) > 0) return [];
  return [
    `The requested image's platform (${formatPlatform(platform)}) does not match the detected host platform (${formatPlatform(host)}) ` +
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
function endpointsOf(host: HostConfig, networking: NetworkingConfig | null | undefined): Record<string, EndpointSettings> {
  const mode = host.NetworkMode ?? "bridge";
  if (mode.startsWith("container:")) return {};
  const endpoints: Record<string, EndpointSettings> = {};
  for (const [name, endpoint] of Object.entries(networking?.EndpointsConfig ?? {})) {
    endpoints[name === "default" ? "bridge" : name] = endpoint ?? {};
  }
  return Object.keys(endpoints).length > 0 ? endpoints : { [mode]: {} };
}

/** Puts the row in, and so reserves the name: the database lets a name be taken once. */
function insertUnderName(ctx: ContainerContext, c: ContainerRecord, wanted: string | undefined): void {
  const asked = wanted?.replace(/^\//, "");
  if (wanted && !isValidName(asked ?? "")) {
    throw invalid(`Invalid container name (${wanted}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  for (let attempt = 0; ; attempt++) {
    c.name = asked || (attempt < 6 ? randomName(attempt) : shortId(c.id));
    try {
      return insertContainer(ctx.store, c);
    } catch (error) {
      if (!isNameTaken(error)) throw error;
      if (asked || attempt > 6) throw nameConflict(ctx, c.name);
    }
  }
}

export function isNameTaken(error: unknown): boolean {
  return hasCode(error, "SQLITE_CONSTRAINT_UNIQUE");
}

export function nameConflict(ctx: ContainerContext, name: string): Error {
  const holder = containerByName(ctx.store, name)?.id ?? "";
  return conflict(
    `Conflict. The container name "/${name}" is already in use by container "${holder}". ` +
      "You have to remove (or rename) that container to be able to reuse that name.",
  );
}
