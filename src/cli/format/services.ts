import type { EndpointPortConfig, Service } from "../../api/types/swarm.ts";
import { own } from "../../lib/own.ts";
import { Row } from "../../lib/template/value.ts";
import { shownImage } from "./image-name.ts";

export const serviceTitles = {
  ID: "ID",
  Name: "NAME",
  Mode: "MODE",
  Replicas: "REPLICAS",
  Image: "IMAGE",
  Ports: "PORTS",
};

const table = "table {{.ID}}\t{{.Name}}\t{{.Mode}}\t{{.Replicas}}\t{{.Image}}\t{{.Ports}}";
const rawForm =
  "id: {{.ID}}\nname: {{.Name}}\nmode: {{.Mode}}\nreplicas: {{.Replicas}}\nimage: {{.Image}}\nports: {{.Ports}}\n";

/** The template behind `--format` and `-q` of service lists. */
export function serviceFormat(source: string, quiet: boolean): string {
  if (source === "table") return quiet ? "{{.ID}}" : table;
  if (source === "raw") return quiet ? "id: {{.ID}}" : rawForm;
  return source;
}

export function serviceRow(service: Service): Row {
  const { ID = "", Spec, Endpoint } = service;
  return new Row("*service.serviceContext", {
    ID: () => ID.slice(0, 12),
    Name: () => Spec?.Name ?? "",
    Mode: () => serviceMode(service),
    Replicas: () => replicas(service),
    Image: () => shownImage(Spec?.TaskTemplate?.ContainerSpec?.Image ?? ""),
    Ports: () => publishedPorts(Endpoint?.Ports ?? []),
    Label: (name: string) => own(Spec?.Labels, name) ?? "",
  });
}

function serviceMode({ Spec }: Service): string {
  const { Global, Replicated, ReplicatedJob, GlobalJob } = Spec?.Mode ?? {};
  if (Global) return "global";
  if (Replicated) return "replicated";
  if (ReplicatedJob) return "replicated job";
  return GlobalJob ? "global job" : "";
}

function replicas({ Spec, ServiceStatus }: Service): string {
  const { RunningTasks = 0, DesiredTasks = 0, CompletedTasks = 0 } = ServiceStatus ?? {};
  const now = `${RunningTasks}/${DesiredTasks}`;
  const { ReplicatedJob } = Spec?.Mode ?? {};
  if (ReplicatedJob) return `${now} (${CompletedTasks}/${ReplicatedJob.TotalCompletions ?? 0} completed)`;
  const most = Spec?.TaskTemplate?.Placement?.MaxReplicas ?? 0;
  return most > 0 ? `${now} (max ${most} per node)` : now;
}

/** Ports on every node; those that are next to each other, as a range. */
function publishedPorts(ports: readonly EndpointPortConfig[]): string {
  const ingress = ports
    .filter(({ PublishMode }) => PublishMode === "ingress")
    .map(({ PublishedPort = 0, TargetPort = 0, Protocol = "tcp" }) => ({ PublishedPort, TargetPort, Protocol }))
    .sort((a, b) => (a.Protocol === b.Protocol ? a.PublishedPort - b.PublishedPort : a.Protocol < b.Protocol ? -1 : 1));
  const ranges: { published: number; target: number; length: number; protocol: string }[] = [];
  for (const { PublishedPort, TargetPort, Protocol } of ingress) {
    const last = ranges.at(-1);
    if (
      last?.protocol === Protocol &&
      last.published + last.length === PublishedPort &&
      last.target + last.length === TargetPort
    )
      last.length++;
    else ranges.push({ published: PublishedPort, target: TargetPort, length: 1, protocol: Protocol });
  }
  const span = (first: number, length: number) => (length === 1 ? String(first) : `${first}-${first + length - 1}`);
  return ranges
    .map(
      ({ published, target, length, protocol }) => `*:${span(published, length)}->${span(target, length)}/${protocol}`,
    )
    .join(", ");
}
