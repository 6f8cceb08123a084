import type { ContainerConfig } from "../../api/types/container.ts";
import { targetReference } from "../../image/tag.ts";
import { conflict } from "../../lib/errors.ts";
import { present } from "../../lib/present.ts";
import { applyChanges } from "../../oci/config-changes.ts";
import type { OciImageConfig } from "../../oci/image.ts";
import { fullString } from "../../oci/reference.ts";
import { commandOf } from "../../runtime/bundle/command.ts";
import { mergeConfig } from "../create/merge.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { holdStill } from "../life/pause.ts";
import { findContainer } from "../lookup.ts";

/** `docker commit`: which container becomes an image, under which name, and with which changes. */
export interface CommitRequest {
  container: string;
  repo?: string;
  tag?: string;
  comment?: string;
  author?: string;
  /** Freeze a running container meanwhile; default true. */
  pause?: boolean;
  /** Dockerfile instructions. */
  changes?: string[];
  /** Takes the place of the container's own; what it leaves open the container's fills. */
  config?: ContainerConfig | null;
  signal?: AbortSignal;
}

/** Makes an image of a container's file system and configuration. */
export async function commitContainer(deps: ContainerDeps, request: CommitRequest): Promise<{ Id: string }> {
  const target = request.repo ? fullString(targetReference(request.repo, request.tag)) : undefined;
  const c = findContainer(deps, request.container);
  if (c.state.phase === "dead") throw conflict(`You cannot commit container ${c.id} which is Dead`);
  if (c.state.phase === "removing") throw conflict(`You cannot commit container ${c.id} which is being removed`);

  const own = imageConfig(c.spec.config);
  const changed = applyChanges(request.config ? imageConfig(request.config) : own, request.changes ?? []);
  const config = imageConfig(mergeConfig(present<ContainerConfig>(changed), own));
  await using still = new AsyncDisposableStack();
  if (request.pause ?? true) still.use(await holdStill(deps, c.id));
  const image = await deps.rootfs.commit({
    containerId: c.id,
    parent: c.imageId ? deps.images.resolve(c.imageId) : null,
    config,
    author: request.author ?? "",
    comment: request.comment ?? "",
    ...(request.signal && { signal: request.signal }),
    createdBy: commandOf(c.spec.config).join(" "),
    ...(target !== undefined && { ref: target }),
  });
  publish(deps, c, "commit", { comment: request.comment ?? "", imageID: image.id, imageRef: image.repoTags[0] ?? "" });
  return { Id: image.id };
}

/** The part of a container's configuration that an image can carry; nulls and nothings left out. */
function imageConfig(config: ContainerConfig): OciImageConfig {
  const {
    User,
    ExposedPorts,
    Env,
    Cmd,
    Entrypoint,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    Healthcheck,
    OnBuild,
    Shell,
  } = config;
  const check = Healthcheck;
  return {
    ...(User && { User }),
    ...(ExposedPorts && { ExposedPorts }),
    ...(Env && { Env }),
    ...(Cmd && { Cmd }),
    ...(Entrypoint && { Entrypoint }),
    ...(Volumes && { Volumes }),
    ...(WorkingDir && { WorkingDir }),
    ...(Labels && { Labels }),
    ...(StopSignal && { StopSignal }),
    ...(OnBuild && { OnBuild }),
    ...(Shell && { Shell }),
    ...(check && {
      Healthcheck: {
        ...(check.Test && { Test: check.Test }),
        ...(check.Interval && { Interval: check.Interval }),
        ...(check.Timeout && { Timeout: check.Timeout }),
        ...(check.Retries && { Retries: check.Retries }),
        ...(check.StartPeriod && { StartPeriod: check.StartPeriod }),
        ...(check.StartInterval && { StartInterval: check.StartInterval }),
      },
    }),
  };
}
