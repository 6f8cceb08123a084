import type { ContainerConfig } from "../api/types/container.ts";
import { commitRootfs } from "../image/commit.ts";
import { resolveImage } from "../image/resolve.ts";
import { conflict } from "../lib/errors.ts";
import { applyChanges } from "../oci/config-changes.ts";
import type { OciImageConfig } from "../oci/image.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { findContainer } from "./lookup.ts";
import { commandOf } from "../runtime/spec/command.ts";
import { mergeConfig } from "./merge.ts";
import { holdStill } from "./pause.ts";

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
}

/** Makes an image of a container's file system and configuration. */
export async function commitContainer(ctx: ContainerContext, request: CommitRequest): Promise<{ Id: string }> {
  const c = findContainer(ctx, request.container);
  if (c.state.phase === "dead") throw conflict(`You cannot commit container ${c.id} which is Dead`);
  if (c.state.phase === "removing") throw conflict(`You cannot commit container ${c.id} which is being removed`);

  const own = imageConfig(c.spec.config);
  const changed = applyChanges(request.config ? imageConfig(request.config) : own, request.changes ?? []);
  const config = imageConfig(mergeConfig(changed, own));
  await using still = new AsyncDisposableStack();
  if (request.pause ?? true) still.use(await holdStill(ctx, c.id));
  const image = await commitRootfs(ctx.images, {
    containerId: c.id,
    parent: c.imageId ? resolveImage(ctx.images, c.imageId) : null,
    config,
    author: request.author ?? "",
    comment: request.comment ?? "",
    createdBy: commandOf(c.spec.config).join(" "),
    ...(request.repo && { ref: request.tag ? `${request.repo}:${request.tag}` : request.repo }),
  });
  publish(ctx, c, "commit", { comment: request.comment ?? "", imageID: image.id, imageRef: image.repoTags[0] ?? "" });
  return { Id: image.id };
}

/** The part of a container's configuration that an image can carry; nulls and nothings left out. */
function imageConfig(config: ContainerConfig): OciImageConfig {
  const { User, ExposedPorts, Env, Cmd, Entrypoint, Volumes, WorkingDir, Labels, StopSignal, Healthcheck, OnBuild, Shell } = config;
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
