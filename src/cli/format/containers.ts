import type { ContainerSummary } from "../../api/types/container.ts";
import { quote } from "../../lib/go-quote.ts";
import { shortId } from "../../lib/ids.ts";
import { own } from "../../lib/own.ts";
import { GoTime } from "../../lib/template/time.ts";
import { Row, Stringer, TypedNil } from "../../lib/template/value.ts";
import { formatPlatform } from "../platform.ts";
import { familiarString, parseReference } from "../reference.ts";
import { displayPorts } from "./ports.ts";
import { ago, humanSize } from "./units.ts";
import { ellipsis } from "./width.ts";

export const containerTitles = {
  ID: "CONTAINER ID",
  Names: "NAMES",
  Image: "IMAGE",
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  RunningFor: "CREATED",
  Ports: "PORTS",
  State: "STATE",
  Status: "STATUS",
  Size: "SIZE",
  Labels: "LABELS",
  Mounts: "MOUNTS",
  LocalVolumes: "LOCAL VOLUMES",
  Networks: "NETWORKS",
  Platform: "PLATFORM",
  HealthStatus: "HEALTH STATUS",
};

/** The columns of the usual table, in their order. */
export function tableColumns(size: boolean): (keyof typeof containerTitles)[] {
  return ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names", ...(size ? (["Size"] as const) : [])];
}

function tableFormat(size: boolean): string {
  const fields = tableColumns(size).map((column) => `{{.${column}}}`);
  return `table ${fields.join("\t")}`;
}

const rawFormat = `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
`;

/** The template behind `--format`, `-q` and `-s` of container lists. */
export function containerFormat(source: string, quiet: boolean, size: boolean): string {
  if (source === "" || source === "table") return quiet ? "{{.ID}}" : tableFormat(size);
  if (source === "raw") return quiet ? "container_id: {{.ID}}" : size ? `${rawFormat}size: {{.Size}}\n` : rawFormat;
  return quiet ? "{{.ID}}" : source;
}

export interface ContainerRowOptions {
  noTrunc: boolean;
  /** Told when a template asks for a field; `ps` learns so whether sizes are needed. */
  onUse?(field: string): void;
}

export function containerRow(container: ContainerSummary, { noTrunc, onUse }: ContainerRowOptions): Row {
  const {
    Id = "",
    Names = [],
    Command = "",
    Created = 0,
    Labels,
    Mounts = [],
    NetworkSettings,
    SizeRootFs,
    SizeRw,
  } = container;
  return new Row("*formatter.ContainerContext", {
    ID: () => (noTrunc ? Id : shortId(Id)),
    Names: () => {
      const names = Names.map((name) => name.replace(/^\//, ""));
      const own = names.find((name) => !name.includes("/"));
      return !noTrunc && own !== undefined ? own : names.join(",");
    },
    Image: () => imageName(container, noTrunc),
    Command: () => quote(noTrunc ? Command : ellipsis(Command, 20)),
    CreatedAt: () => GoTime.unix(Created).toString(),
    RunningFor: () => ago(Created),
    Platform: () => {
      const platform = container.ImageManifestDescriptor?.platform;
      return platform
        ? new Stringer(formatPlatform(platform), platform)
        : new TypedNil({ kind: "pointer", of: { kind: "any" } });
    },
    Ports: () => displayPorts(container.Ports ?? []),
    State: () => container.State ?? "",
    Status: () => container.Status ?? "",
    HealthStatus: () => health(container),
    Size: () => {
      onUse?.("Size");
      const own = humanSize(SizeRw ?? 0, 3);
      return (SizeRootFs ?? 0) > 0 ? `${own} (virtual ${humanSize(SizeRootFs ?? 0, 3)})` : own;
    },
    Labels: () =>
      Object.entries(Labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(","),
    Label: (name: string) => own(Labels, name) ?? "",
    Mounts: () =>
      Mounts.map(({ Name, Source = "" }) => (noTrunc ? Name || Source : ellipsis(Name || Source, 15))).join(","),
    LocalVolumes: () => String(Mounts.filter(({ Driver }) => Driver === "local").length),
    Networks: () => Object.keys(NetworkSettings?.Networks ?? {}).join(","),
  });
}

function imageName({ Image = "", ImageID = "" }: ContainerSummary, noTrunc: boolean): string {
  if (Image === "") return "<no image>";
  if (noTrunc) return Image;
  if (shortId(ImageID) === shortId(Image)) return shortId(ImageID);
  // A name without domain and digest is familiar already.
  if (/^[a-z0-9._-]+(:[\w.-]+)?$/.test(Image)) return Image;
  try {
    const { domain, path, tag } = parseReference(Image);
    return familiarString({ domain, path, ...(tag !== undefined && { tag }) });
  } catch {
    return Image;
  }
}

/** Engines before API 1.52 say it only inside the status text. */
function health({ Health, Status = "" }: ContainerSummary): string {
  const said = Health?.Status ?? /\((?:health: )?(healthy|unhealthy|starting)\)$/.exec(Status)?.[1] ?? "";
  return said === "none" ? "" : said;
}
