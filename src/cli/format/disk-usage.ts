import type { BuildCache } from "../../api/types/build.ts";
import type { ContainerSummary } from "../../api/types/container.ts";
import type { ImageSummary } from "../../api/types/image.ts";
import type { Volume } from "../../api/types/volume.ts";
import { Row } from "../../lib/template/value.ts";
import { familiarName, parseReference } from "../reference.ts";
import { buildCacheRaw, buildCacheRow, buildCacheTitles, sortBuildCache } from "./build-cache.ts";
import { containerFormat, containerRow, containerTitles } from "./containers.ts";
import { imageFormat, imageRow, imageTitles, isDangling } from "./images.ts";
import { printRows } from "./print-rows.ts";
import { humanSize } from "./units.ts";
import { volumeFormat, volumeRow, volumeTitles } from "./volumes.ts";

export interface Usage<T> {
  total: number;
  active: number;
  size: number;
  reclaimable: number;
  items: readonly T[];
}

export interface DiskUsage {
  images: Usage<ImageSummary>;
  containers: Usage<ContainerSummary>;
  volumes: Usage<Volume>;
  buildCache: Usage<BuildCache>;
}

const titles = { Type: "TYPE", TotalCount: "TOTAL", Active: "ACTIVE", Size: "SIZE", Reclaimable: "RECLAIMABLE" };
const summaryTable = "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
const summaryRaw =
  "type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n";

/** `system df`: a line for each kind of thing. */
export function diskUsageText(usage: DiskUsage, format: string): Promise<string> {
  const rows = [
    summaryRow("Images", "Images", usage.images, true),
    summaryRow("Containers", "Containers", usage.containers, true),
    summaryRow("Local Volumes", "Volumes", usage.volumes, true),
    summaryRow("Build Cache", "Builder", usage.buildCache, false),
  ];
  return printRows(format === "table" ? summaryTable : format === "raw" ? summaryRaw : format, titles, rows);
}

function summaryRow(
  type: string,
  go: string,
  { total, active, size, reclaimable }: Usage<unknown>,
  withPercent: boolean,
): Row {
  return new Row(`*formatter.diskUsage${go}Context`, {
    Type: () => type,
    TotalCount: () => String(total),
    Active: () => String(active),
    Size: () => humanSize(size),
    Reclaimable: () =>
      withPercent && size > 0
        ? `${humanSize(reclaimable)} (${Math.trunc((reclaimable * 100) / size)}%)`
        : humanSize(reclaimable),
  });
}

const tables = {
  images:
    "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t" +
    "{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}",
  containers:
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}",
  volumes: "table {{.Name}}\t{{.Links}}\t{{.Size}}",
  buildCache:
    "table {{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}",
};

/** `system df -v`: everything, kind by kind. */
export async function verboseDiskUsage(usage: DiskUsage, format: string): Promise<string> {
  const noTrunc = !format.startsWith("table");
  const Images = usage.images.items.map((image) => imageRow(image, { ...firstName(image), digest: "", noTrunc }));
  // The virtual size would count the image again.
  const Containers = usage.containers.items.map((container) =>
    containerRow({ ...container, SizeRootFs: 0 }, { noTrunc }),
  );
  const Volumes = usage.volumes.items.map((volume) => volumeRow(volume));
  const BuildCache = sortBuildCache(usage.buildCache.items).map((record) => buildCacheRow(record, noTrunc));
  if (format !== "table")
    return new (await import("./rows.ts")).RowFormat(format === "raw" ? rawVerbose() : format).run({
      Images,
      Containers,
      Volumes,
      BuildCache,
    });
  return `Images space usage:\n\n${await printRows(tables.images, imageTitles, Images)}
Containers space usage:\n\n${await printRows(tables.containers, containerTitles, Containers)}
Local Volumes space usage:\n\n${await printRows(tables.volumes, volumeTitles, Volumes)}
Build cache usage: ${humanSize(usage.buildCache.size)}

${await printRows(tables.buildCache, buildCacheTitles, BuildCache)}`;
}

function rawVerbose(): string {
  const part = (list: string, type: string, body: string) => `{{range .${list}}}type: ${type}\n${body}\n{{end -}}\n`;
  return (
    part("Images", "Image", imageFormat("raw", false, true)) +
    part("Containers", "Container", containerFormat("raw", false, true)) +
    part("Volumes", "Volume", volumeFormat("raw", false)) +
    part("BuildCache", "Build Cache", buildCacheRaw).replace(/\n$/, "")
  );
}

function firstName(image: ImageSummary): { repository: string; tag: string } {
  const [first] = image.RepoTags ?? [];
  if (first !== undefined && !isDangling(image)) {
    try {
      const reference = parseReference(first);
      if (reference.tag !== undefined) return { repository: familiarName(reference), tag: reference.tag };
    } catch {
      // A name that is none is shown as none.
    }
  }
  return { repository: "<none>", tag: "<none>" };
}
