import type { ImageConfig, ImageInspect } from "../../api/types/image.ts";
import { present } from "../../lib/present.ts";
import type { OciImageConfig, Platform } from "../../oci/image.ts";
import type { ImageDeps } from "../deps.ts";
import { resolveImage } from "../resolve.ts";

/** What older engines wrote into images of the container that they were made of: Docker shows none of it. */
const ofContainers: ReadonlySet<string> = new Set([
  ...["Hostname", "Domainname", "Image", "AttachStdin", "AttachStdout", "AttachStderr"],
  ...["Tty", "OpenStdin", "StdinOnce"],
]);

/** `docker image inspect`. */
export function inspectImage(deps: ImageDeps, refOrId: string, options: { platform?: Platform } = {}): ImageInspect {
  const image = resolveImage(deps, refOrId, options);
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: image.repoTags,
    RepoDigests: image.repoDigests,
    Comment: config.comment ?? config.history?.at(-1)?.comment ?? "",
    ...(config.created !== undefined && { Created: config.created }),
    Author: config.author ?? "",
    Config: withoutContainers(config.config ?? {}),
    Architecture: config.architecture,
    ...(config.variant !== undefined && { Variant: config.variant }),
    Os: config.os,
    ...(config["os.version"] !== undefined && { OsVersion: config["os.version"] }),
    Size: image.size,
    GraphDriver: { Name: deps.snapshotter.driver, Data: deps.snapshotter.driverData(null, image.chainIds) },
    RootFS: { Type: config.rootfs.type, ...(image.diffIds.length > 0 && { Layers: image.diffIds }) },
    Metadata: { LastTagTime: image.lastTagged || "0001-01-01T00:00:00Z" },
    ...(image.parentId && { Parent: image.parentId }),
    ...(config.docker_version && { DockerVersion: config.docker_version }),
  };
}

function withoutContainers(config: OciImageConfig): ImageConfig {
  return present<ImageConfig>(Object.fromEntries(Object.entries(config).filter(([key]) => !ofContainers.has(key))));
}
