/** `service inspect --pretty`: a service for people, in the layout that Docker gives it. */
import type { Service, ServiceSpec, TaskSpec } from "../../api/types/swarm.ts";
import { formatGoDuration } from "../../lib/go-duration.ts";
import { GoTime } from "../../lib/template/time.ts";
import { prettyLabels } from "./secrets.ts";
import { ago, bytesSize } from "./units.ts";

type Container = NonNullable<TaskSpec["ContainerSpec"]>;
type Rollout = NonNullable<ServiceSpec["UpdateConfig"]>;

const span = (nanoseconds: number) => formatGoDuration(BigInt(Math.trunc(nanoseconds)));
const pairs = (values: Record<string, string> | undefined, line: (key: string, value: string) => string) =>
  Object.entries(values ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => line(key, value))
    .join("");

/** `networks`: the names of those that the service is on. */
export function prettyService(service: Service, networks: readonly string[]): string {
  const { ID = "", Spec = {}, Endpoint } = service;
  const task = Spec.TaskTemplate ?? {};
  return [
    `\nID:\t\t${ID}\nName:\t\t${Spec.Name ?? ""}`,
    labels(Spec.Labels),
    "\nService Mode:",
    mode(Spec),
    updateStatus(service),
    placement(task.Placement),
    Spec.UpdateConfig && rollout("Update", Spec.UpdateConfig),
    Spec.RollbackConfig && rollout("Rollback", Spec.RollbackConfig as Rollout),
    container(task.ContainerSpec ?? {}),
    logDriver(task.LogDriver),
    resources(task.Resources),
    networks.length > 0 && `\nNetworks:${networks.map((name) => ` ${name}`).join("")} `,
    `\nEndpoint Mode:\t${Spec.EndpointSpec?.Mode ?? ""}`,
    ports(Endpoint),
    health(task.ContainerSpec?.Healthcheck),
    "\n\n",
  ]
    .filter((part) => typeof part === "string")
    .join("");
}

function labels(values: Record<string, string> | undefined): string {
  const text = prettyLabels(values, " ");
  return text === "" ? "" : `\n${text.slice(0, -1)}`;
}

function mode({ Mode }: ServiceSpec): string {
  if (Mode?.Global) return "\tGlobal";
  if (!Mode?.Replicated) return "";
  return `\tReplicated${Mode.Replicated.Replicas ? `\n Replicas:\t${Mode.Replicated.Replicas}` : ""}`;
}

function updateStatus({ UpdateStatus: status }: Service): string {
  if (!status) return "";
  const since = (moment: string) => ago((GoTime.parse(moment) ?? GoTime.zero).seconds);
  return [
    `\nUpdateStatus:\n State:\t\t${status.State ?? ""}`,
    status.StartedAt && `\n Started:\t${since(status.StartedAt)}`,
    status.State === "completed" && status.CompletedAt && `\n Completed:\t${since(status.CompletedAt)}`,
    `\n Message:\t${status.Message ?? ""}`,
  ]
    .filter(Boolean)
    .join("");
}

function placement(place: TaskSpec["Placement"]): string {
  const { Constraints = [], Preferences = [], MaxReplicas = 0 } = place ?? {};
  const spread = Preferences.flatMap(({ Spread }) => (Spread ? [`spread=${Spread.SpreadDescriptor ?? ""}`] : []));
  return [
    "\nPlacement:",
    Constraints.length > 0 && `\n Constraints:\t[${Constraints.join(" ")}]`,
    spread.length > 0 && `\n Preferences:   [${spread.join(" ")}]`,
    MaxReplicas > 0 && `\n Max Replicas Per Node:   ${MaxReplicas}`,
  ]
    .filter(Boolean)
    .join("");
}

function rollout(name: "Update" | "Rollback", config: Rollout): string {
  return [
    `\n${name}Config:\n Parallelism:\t${config.Parallelism ?? 0}`,
    config.Delay && `\n Delay:\t\t${span(config.Delay)}`,
    `\n On failure:\t${config.FailureAction ?? ""}`,
    config.Monitor && `\n Monitoring Period: ${span(config.Monitor)}`,
    `\n Max failure ratio: ${config.MaxFailureRatio ?? 0}`,
    `\n ${`${name} order:`.padEnd(18)} ${config.Order ?? ""}`,
  ]
    .filter(Boolean)
    .join("");
}

function container(spec: Container): string {
  const list = (title: string, values: readonly string[] | undefined) =>
    values && values.length > 0 && `\n ${title}:\t\t${values.map((value) => `${value} `).join("")}`;
  const added = spec.CapabilityAdd ?? [];
  const dropped = spec.CapabilityDrop ?? [];
  return [
    `\nContainerSpec:\n Image:\t\t${spec.Image ?? ""}`,
    list("Args", spec.Args),
    list("Env", spec.Env),
    spec.Dir && `\n Dir:\t\t${spec.Dir}`,
    spec.Init !== undefined && spec.Init !== null && `\n Init:\t\t${spec.Init}`,
    spec.User && `\n User: ${spec.User}`,
    added.length + dropped.length > 0 && "\nCapabilities:",
    added.length > 0 && `\n Add: ${added.join(", ")}`,
    dropped.length > 0 && `\n Drop: ${dropped.join(", ")}`,
    Object.keys(spec.Sysctls ?? {}).length > 0 && "\nSysCtls:",
    pairs(spec.Sysctls, (key, value) => `\n ${key}${value === "" ? "" : `: ${value}`}`),
    ulimits(spec.Ulimits ?? []),
    (spec.Mounts ?? []).length > 0 && "\nMounts:",
    ...(spec.Mounts ?? []).map(
      ({ Target = "", Source = "", ReadOnly = false, Type = "" }) =>
        `\n Target:\t${Target}\n  Source:\t${Source}\n  ReadOnly:\t${ReadOnly}\n  Type:\t\t${Type}`,
    ),
    files(
      "Configs",
      (spec.Configs ?? []).map(({ File, ConfigName }) => [File?.Name, ConfigName]),
    ),
    files(
      "Secrets",
      (spec.Secrets ?? []).map(({ File, SecretName }) => [File?.Name, SecretName]),
    ),
  ]
    .filter(Boolean)
    .join("");
}

function ulimits(limits: NonNullable<Container["Ulimits"]>): string {
  if (limits.length === 0) return "";
  const byName = Object.fromEntries(limits.map(({ Name = "", Soft = 0, Hard = 0 }) => [Name, `${Soft}:${Hard}`]));
  return `\nUlimits:${pairs(byName, (name, value) => `\n ${name}: ${value}`)}`;
}

function files(title: string, list: readonly (readonly (string | undefined)[])[]): string {
  if (list.length === 0) return "";
  const lines = list.map(([target = "", source = ""]) => `\n Target:\t${target}\n  Source:\t${source}`);
  return `\n${title}:${lines.join("")}`;
}

function logDriver(driver: TaskSpec["LogDriver"]): string {
  if (!driver) return "";
  const options = pairs(driver.Options, (key, value) => `\n  ${key}${value === "" ? "" : `:       ${value}`}`);
  const name = driver.Name ? `\n Name:\t\t${driver.Name}` : "";
  return `\nLog Driver:${name}${options === "" ? "" : `\n LogOpts:${options}`}\n`;
}

function resources(wanted: TaskSpec["Resources"]): string {
  const { Limits = {}, Reservations = {} } = wanted ?? {};
  const part = (title: string, cpus = 0, memory = 0) => {
    if (cpus <= 0 && memory <= 0) return "";
    const cpu = cpus > 0 ? `\n  CPU:\t\t${cpus / 1e9}` : "";
    return `\n ${title}:${cpu}${memory > 0 ? `\n  Memory:\t${bytesSize(memory)}` : ""}`;
  };
  const reserved = part("Reservations", Reservations.NanoCPUs, Reservations.MemoryBytes);
  const limited = part("Limits", Limits.NanoCPUs, Limits.MemoryBytes);
  const processes = Limits.Pids ? `\n  PIDs:\t\t${Limits.Pids}` : "";
  return `${reserved || limited ? "\nResources:" : ""}${reserved}${limited}${processes}`;
}

function ports(endpoint: Service["Endpoint"]): string {
  const list = endpoint?.Ports ?? [];
  if (list.length === 0) return "";
  const lines = list.map(
    ({ PublishedPort = 0, Protocol = "", TargetPort = 0, PublishMode = "" }) =>
      `\n PublishedPort = ${PublishedPort}\n  Protocol = ${Protocol}\n  TargetPort = ${TargetPort}` +
      `\n  PublishMode = ${PublishMode}`,
  );
  return `\nPorts:${lines.join("")} `;
}

function health(check: Container["Healthcheck"]): string {
  if (!check) return "";
  const tests = (check.Test ?? []).map((word) => `\n\t Test = ${word}`).join("");
  return (
    `\n Healthcheck:\n  Interval = ${span(check.Interval ?? 0)}\n  Retries = ${check.Retries ?? 0}` +
    `\n  StartPeriod =\t${span(check.StartPeriod ?? 0)}\n  Timeout =\t${span(check.Timeout ?? 0)}` +
    (tests === "" ? "" : `\n  Tests:${tests} `)
  );
}
