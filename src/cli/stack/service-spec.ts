/** From a service of a Compose file to the specification that the engine takes. */
import type { EndpointPortConfig, NetworkAttachmentConfig, ServiceSpec, TaskSpec } from "../../api/types/swarm.ts";
import { readGoDuration } from "../../lib/go-duration.ts";
import { present } from "../../lib/present.ts";
import { capabilities } from "../commands/service/options/capabilities.ts";
import { privileges } from "../commands/service/options/create-spec.ts";
import type { ContainerSpec } from "../commands/service/options/parse.ts";
import { portKey } from "../commands/service/options/ports.ts";
import { boolean, mapping, mappings, number, string, stringMap, strings } from "../compose/fields.ts";
import type { Project } from "../compose/project-type.ts";
import { isMapping, type Mapping } from "../compose/readers.ts";
import { parseNanoCpus } from "../flags/number.ts";
import { serviceMounts } from "./mounts.ts";
import { imageLabel, nameOf, scoped, stackLabels } from "./names.ts";

export interface ServiceContext {
  stack: string;
  project: Project;
  /** By their keys in the file, with ids. */
  secrets: ContainerSpec["Secrets"];
  configs: ContainerSpec["Configs"];
}

const span = (value: unknown): number | undefined => (typeof value === "string" ? readGoDuration(value) : undefined);

/** Throws what cannot be; the caller names the service. */
export function serviceSpec(name: string, service: Mapping, context: ServiceContext): ServiceSpec {
  const { stack } = context;
  const deploy = mapping(service["deploy"]);
  const image = string(service["image"]) ?? "";
  return present<ServiceSpec>({
    Name: scoped(stack, name),
    Labels: { ...stackLabels(stack, stringMap(deploy["labels"])), [imageLabel]: image },
    TaskTemplate: present<TaskSpec>({
      ContainerSpec: containerSpec(service, context, image),
      Resources: resources(mapping(deploy["resources"])),
      RestartPolicy: restartPolicy(service, deploy),
      Placement: placement(mapping(deploy["placement"])),
      LogDriver: logDriver(service),
      ForceUpdate: 0,
      Networks: networks(name, service, context),
      PluginSpec: undefined,
      NetworkAttachmentSpec: undefined,
      Runtime: undefined,
    }),
    Mode: mode(deploy),
    UpdateConfig: rollout(deploy["update_config"]),
    RollbackConfig: rollout(deploy["rollback_config"]) as ServiceSpec["RollbackConfig"],
    EndpointSpec: endpoint(service, deploy),
    Networks: undefined,
  });
}

function containerSpec(
  service: Mapping,
  { stack, project, secrets, configs }: ServiceContext,
  image: string,
): ContainerSpec {
  const dns = present<NonNullable<ContainerSpec["DNSConfig"]>>({
    Nameservers: strings(service["dns"]),
    Search: strings(service["dns_search"]),
    Options: undefined,
  });
  const sysctls = stringMap(service["sysctls"]);
  const mounts = serviceMounts(stack, service, project);
  const credential = mapping(service["credential_spec"]);
  const limits = ulimits(mapping(service["ulimits"]));
  return {
    ...present<Partial<ContainerSpec>>({
      Image: image || undefined,
      Labels: stackLabels(stack, stringMap(service["labels"])),
      Command: strings(service["entrypoint"]),
      Args: strings(service["command"]),
      Hostname: string(service["hostname"]) || undefined,
      Env: environment(mapping(service["environment"])),
      Dir: string(service["working_dir"]) || undefined,
      User: string(service["user"]) || undefined,
      Privileges: privileges(Object.keys(credential).length > 0 ? credentialSpec(stack, credential, project) : null),
      Init: boolean(service["init"]),
      StopSignal: string(service["stop_signal"]) || undefined,
      TTY: boolean(service["tty"]) || undefined,
      OpenStdin: boolean(service["stdin_open"]) || undefined,
      ReadOnly: boolean(service["read_only"]) || undefined,
      Mounts: mounts.length > 0 ? mounts : undefined,
      StopGracePeriod: span(service["stop_grace_period"]),
      Healthcheck: health(service["healthcheck"]),
      Hosts: strings(service["extra_hosts"])?.map((line) => line.replace(/^([^:]+):(.*)$/, "$2 $1")),
      DNSConfig: Object.keys(dns).length > 0 ? dns : undefined,
      Secrets: secrets?.length ? secrets : undefined,
      Configs: configs?.length ? configs : undefined,
      Isolation: string(service["isolation"]) as "default" | undefined,
      Sysctls: Object.keys(sysctls).length > 0 ? sysctls : undefined,
      Ulimits: limits.length > 0 ? limits : undefined,
      OomScoreAdj: number(service["oom_score_adj"]),
    } as { [K in keyof ContainerSpec]: ContainerSpec[K] | undefined }),
    ...capabilities(strings(service["cap_add"]) ?? [], strings(service["cap_drop"]) ?? []),
  };
}

function credentialSpec(stack: string, { config, file, registry }: Mapping, project: Project) {
  const key = string(config) ?? "";
  return {
    Config: key === "" ? "" : nameOf(stack, key, project.configs[key] ?? {}),
    File: string(file) ?? "",
    Registry: string(registry) ?? "",
  };
}

function environment(variables: Mapping): string[] | undefined {
  const lines = Object.entries(variables).map(([name, value]) => (value === null ? name : `${name}=${value}`));
  return lines.length > 0 ? lines.sort() : undefined;
}

function health(value: unknown): ContainerSpec["Healthcheck"] {
  if (!isMapping(value)) return undefined;
  const test = strings(value["test"]);
  if (value["disable"] === true) {
    if (test) throw new Error("test and disable can't be set at the same time");
    return { Test: ["NONE"] };
  }
  return present<NonNullable<ContainerSpec["Healthcheck"]>>({
    Test: test,
    Interval: span(value["interval"]),
    Timeout: span(value["timeout"]),
    StartPeriod: span(value["start_period"]),
    StartInterval: span(value["start_interval"]),
    Retries: number(value["retries"]),
  });
}

function ulimits(limits: Mapping): NonNullable<ContainerSpec["Ulimits"]> {
  return Object.entries(limits)
    .map(([Name, value]) => {
      const { soft, hard } = isMapping(value) ? value : { soft: value, hard: value };
      return { Name, Hard: Number(hard ?? 0), Soft: Number(soft ?? 0) };
    })
    .sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

function resources({ limits, reservations }: Mapping): NonNullable<TaskSpec["Resources"]> {
  const amounts = (value: unknown) => {
    const { cpus, memory } = mapping(value);
    return {
      ...(cpus !== undefined && { NanoCPUs: parseNanoCpus(String(cpus)) }),
      ...(memory !== undefined && { MemoryBytes: Number(memory) }),
    };
  };
  const pids = number(mapping(limits)["pids"]);
  const generic = mappings(mapping(reservations)["generic_resources"]).map((one) => {
    const { kind, value } = mapping(one["discrete_resource_spec"]);
    return { DiscreteResourceSpec: { Kind: String(kind ?? ""), Value: Number(value ?? 0) } };
  });
  return {
    ...(limits !== undefined && { Limits: { ...amounts(limits), ...(pids && { Pids: pids }) } }),
    ...(reservations !== undefined && {
      Reservations: { ...amounts(reservations), ...(generic.length > 0 && { GenericResources: generic }) },
    }),
  };
}

function restartPolicy(service: Mapping, deploy: Mapping): TaskSpec["RestartPolicy"] {
  const policy = deploy["restart_policy"];
  if (isMapping(policy))
    return present<NonNullable<TaskSpec["RestartPolicy"]>>({
      Condition: string(policy["condition"]) as "any" | undefined,
      Delay: span(policy["delay"]),
      MaxAttempts: number(policy["max_attempts"]),
      Window: span(policy["window"]),
    });
  const [name = "", count] = (string(service["restart"]) ?? "").split(":");
  if (name === "" || name === "no") return undefined;
  if (name === "always" || name === "unless-stopped") return { Condition: "any" };
  if (name === "on-failure") return { Condition: "on-failure", MaxAttempts: Number(count ?? 0) };
  throw new Error(`unknown restart policy: ${name}`);
}

function placement(place: Mapping): NonNullable<TaskSpec["Placement"]> {
  const preferences = mappings(place["preferences"]).map(({ spread }) => ({
    Spread: { SpreadDescriptor: String(spread ?? "") },
  }));
  const constraints = strings(place["constraints"]);
  const most = number(place["max_replicas_per_node"]);
  return {
    ...(constraints && { Constraints: constraints }),
    ...(preferences.length > 0 && { Preferences: preferences }),
    ...(most && { MaxReplicas: most }),
  };
}

function logDriver(service: Mapping): TaskSpec["LogDriver"] {
  const { driver, options } = mapping(service["logging"]);
  if (typeof driver !== "string" || driver === "") return undefined;
  const given = stringMap(options);
  return { Name: driver, ...(Object.keys(given).length > 0 && { Options: given }) };
}

function networks(name: string, service: Mapping, { stack, project }: ServiceContext): NetworkAttachmentConfig[] {
  const on = mapping(service["networks"]);
  const keys = Object.keys(on).length > 0 ? Object.keys(on) : ["default"];
  const attachments = keys.map((key) => {
    const network = project.networks[key];
    if (network === undefined && key !== "default") throw new Error(`undefined network ${JSON.stringify(key)}`);
    const place = mapping(on[key]);
    const target = nameOf(stack, key, network ?? {});
    const options = stringMap(place["driver_opts"]);
    // Only a network of containers' own knows names.
    const knowsNames = !["host", "bridge", "none", "default", "nat"].includes(target);
    return {
      Target: target,
      ...(knowsNames && { Aliases: [...(strings(place["aliases"]) ?? []), name] }),
      ...(Object.keys(options).length > 0 && { DriverOpts: options }),
    };
  });
  return attachments.sort((a, b) => (a.Target < b.Target ? -1 : 1));
}

function mode(deploy: Mapping): NonNullable<ServiceSpec["Mode"]> {
  const replicas = number(deploy["replicas"]);
  const given = replicas !== undefined;
  switch (string(deploy["mode"]) ?? "") {
    case "global":
      if (given) throw new Error("replicas can only be used with replicated or replicated-job mode");
      return { Global: {} };
    case "global-job":
      if (given) throw new Error("replicas can only be used with replicated or replicated-job mode");
      return { GlobalJob: {} };
    case "replicated":
    case "":
      return { Replicated: given ? { Replicas: replicas } : {} };
    case "replicated-job":
      return { ReplicatedJob: given ? { MaxConcurrent: replicas, TotalCompletions: replicas } : {} };
    default:
      throw new Error(`Unknown mode: ${string(deploy["mode"])}`);
  }
}

function rollout(value: unknown): ServiceSpec["UpdateConfig"] {
  if (!isMapping(value)) return undefined;
  const [delay, monitor] = [span(value["delay"]), span(value["monitor"])];
  return {
    Parallelism: number(value["parallelism"]) ?? 1,
    ...(delay && { Delay: delay }),
    ...(string(value["failure_action"]) && { FailureAction: string(value["failure_action"]) as "pause" }),
    ...(monitor && { Monitor: monitor }),
    MaxFailureRatio: number(value["max_failure_ratio"]) ?? 0,
    Order: (string(value["order"]) ?? "") as "stop-first",
  };
}

function endpoint(service: Mapping, deploy: Mapping): NonNullable<ServiceSpec["EndpointSpec"]> {
  const ports = mappings(service["ports"]).map(({ protocol, target, published, mode: how }) => {
    const port: EndpointPortConfig = {
      Protocol: (string(protocol) ?? "tcp") as "tcp",
      TargetPort: number(target) ?? 0,
    };
    if (number(published)) port.PublishedPort = number(published) ?? 0;
    port.PublishMode = (string(how) ?? "ingress") as "ingress";
    return port;
  });
  ports.sort((a, b) => (a.PublishedPort ?? 0) - (b.PublishedPort ?? 0) || (portKey(a) < portKey(b) ? -1 : 1));
  const how = string(deploy["endpoint_mode"]);
  return { ...(how && { Mode: how.toLowerCase() as "vip" }), ...(ports.length > 0 && { Ports: ports }) };
}
