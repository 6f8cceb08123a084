import type { Volume } from "../../api/types/volume.ts";
import { own } from "../../lib/own.ts";
import { Row } from "../../lib/template/value.ts";
import { humanSize } from "./units.ts";

export const volumeTitles = {
  ID: "ID",
  Name: "VOLUME NAME",
  Group: "GROUP",
  Driver: "DRIVER",
  Scope: "SCOPE",
  Availability: "AVAILABILITY",
  Containers: "CONTAINERS",
  Mountpoint: "MOUNTPOINT",
  Labels: "LABELS",
  Links: "LINKS",
  Size: "SIZE",
  Status: "STATUS",
};

/** The template behind `--format` and `-q` of volume lists. */
export function volumeFormat(source: string, quiet: boolean): string {
  if (source === "table") return quiet ? "{{.Name}}" : "table {{.Driver}}\t{{.Name}}";
  if (source === "raw") return quiet ? "name: {{.Name}}" : "name: {{.Name}}\ndriver: {{.Driver}}\n";
  return source;
}

/** `users`: names of the containers that have it, where somebody asked. */
export function volumeRow(volume: Volume, users?: readonly string[]): Row {
  const { ClusterVolume: cluster, UsageData: usage, Labels: labels } = volume;
  return new Row("*formatter.volumeContext", {
    Name: () => volume.Name,
    Driver: () => volume.Driver,
    Scope: () => volume.Scope,
    Mountpoint: () => volume.Mountpoint,
    Labels: () =>
      Object.entries(labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(","),
    Label: (name: string) => own(labels, name) ?? "",
    Links: () => (usage ? String(usage.RefCount) : "N/A"),
    Size: () => (usage ? humanSize(usage.Size) : "N/A"),
    Group: () => (cluster ? (cluster.Spec?.Group ?? "") : "N/A"),
    Availability: () => (cluster ? (cluster.Spec?.Availability ?? "") : "N/A"),
    ...(users && { Containers: () => users.join(",") }),
    Status: () => {
      if (!cluster) return "N/A";
      if (!cluster.Info?.VolumeID) return "pending creation";
      const nodes = cluster.PublishStatus?.length ?? 0;
      return nodes === 0 ? "created" : `in use (${nodes} node${nodes === 1 ? "" : "s"})`;
    },
  });
}
