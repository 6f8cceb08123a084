/** From flags and arguments to the body of `POST /services/create`. */
import type { ResourceObject, ServiceSpec, TaskSpec } from "../../../../api/types/swarm.ts";
import type { Client } from "../../../../client/client.ts";
import { own } from "../../../../lib/own.ts";
import { present } from "../../../../lib/present.ts";
import { CliError } from "../../../errors.ts";
import { labelMap } from "../../../labels.ts";
import { keyValues } from "../../container/options/csv.ts";
import { parseDevices } from "../../container/options/devices.ts";
import { resolveEnv, type Surroundings, withFiles } from "../../container/options/key-values.ts";
import { mergeUlimits } from "../../container/options/limits.ts";
import { resolveMount } from "../../container/options/mount.ts";
import { capabilities } from "./capabilities.ts";
import type { CreateFlags } from "./create-flags.ts";
import { healthCheck } from "./health.ts";
import { type ContainerSpec, genericResources, hostsLine } from "./parse.ts";
import { attachment, configReferences, imageOf, secretReferences, sortedNetworks } from "./resolve.ts";
import { restartPolicy, rolloutConfig } from "./rollout.ts";

export interface CreateInput extends Surroundings {
  flags: CreateFlags;
  /** Long names of the flags that were given. */
  changed: ReadonlySet<string>;
  image: string;
  args: readonly string[];
}

/** The specification of a new service; what it has by name is looked up. Throws Docker's texts on what cannot be. */
export async function createSpec(client: Client, input: CreateInput): Promise<ServiceSpec> {
  const { flags, changed } = input;
  const env = await environment(input);
  const health = healthCheck(flags, changed);
  const mode = serviceMode(flags, changed);
  const networks = [];
  for (const network of flags.network) networks.push(await attachment(client, network));
  const spec: ServiceSpec = present<ServiceSpec>({
    Name: flags.name || undefined,
    Labels: labelMap(flags.label),
    TaskTemplate: taskTemplate(input, { env, health }),
    Mode: mode,
    UpdateConfig: rolloutConfig("update", flags, changed),
    RollbackConfig: rolloutConfig("rollback", flags, changed) as ServiceSpec["RollbackConfig"],
    EndpointSpec: {
      // What is no mode is the engine's to refuse.
      Mode: flags["endpoint-mode"].toLowerCase() as "vip",
      ...(flags.publish.length > 0 && { Ports: flags.publish.flat() }),
    },
    Networks: undefined,
  });
  if (networks.length > 0) spec.TaskTemplate = { ...spec.TaskTemplate, Networks: sortedNetworks(networks) };
  await addFiles(client, spec.TaskTemplate?.ContainerSpec ?? {}, flags);
  return spec;
}

type Privileges = NonNullable<ContainerSpec["Privileges"]>;

/** Secrets, configs, and the credentials that may be in one of these. */
async function addFiles(client: Client, container: ContainerSpec, flags: CreateFlags): Promise<void> {
  const secrets = await secretReferences(client, flags.secret);
  if (secrets.length > 0) container.Secrets = secrets;
  const credential = flags["credential-spec"];
  const configs = await configReferences(client, flags.config, credential?.Config);
  if (configs.length > 0) container.Configs = configs;
  if (!credential) return;
  const id = configs.find(({ Runtime }) => Runtime)?.ConfigID ?? "";
  container.Privileges = privileges({ ...credential, Config: id });
}

/** As Go writes the struct where no more of it is set than this. */
export const privileges = (CredentialSpec: Privileges["CredentialSpec"] | null): Privileges => ({
  CredentialSpec: CredentialSpec ?? null,
  SELinuxContext: null,
  NoNewPrivileges: false,
});

function taskTemplate(
  input: CreateInput,
  { env, health }: { env: string[]; health: ReturnType<typeof healthCheck> },
): TaskSpec {
  const { flags, changed } = input;
  const driver = flags["log-driver"];
  return present<TaskSpec>({
    ContainerSpec: containerSpec(input, env, health),
    Resources: resources(flags),
    RestartPolicy: restartPolicy(flags, changed),
    Placement: {
      ...(flags.constraint.length > 0 && { Constraints: [...flags.constraint] }),
      ...(flags["placement-pref"].length > 0 && { Preferences: [...flags["placement-pref"]] }),
      ...(flags["replicas-max-per-node"] > 0 && { MaxReplicas: flags["replicas-max-per-node"] }),
    },
    LogDriver: driver === "" ? undefined : logDriver(driver, flags["log-opt"]),
    ForceUpdate: 0,
    PluginSpec: undefined,
    NetworkAttachmentSpec: undefined,
    Runtime: undefined,
    Networks: undefined,
  });
}

export function logDriver(Name: string, options: readonly string[]): NonNullable<TaskSpec["LogDriver"]> {
  return { Name, ...(options.length > 0 && { Options: keyValues(options) }) };
}

function containerSpec(
  { flags, changed, image, args, cwd }: CreateInput,
  env: string[],
  health: ReturnType<typeof healthCheck>,
): ContainerSpec {
  const some = <T>(values: readonly T[]): T[] | undefined => (values.length > 0 ? [...values] : undefined);
  const pairs = (values: readonly string[]) => (values.length > 0 ? labelMap(values) : undefined);
  return {
    ...present<Partial<ContainerSpec>>({
      Image: imageOf(image) || undefined,
      Args: some(args),
      Command: some(flags.entrypoint ?? []),
      Env: some(env),
      Hostname: flags.hostname || undefined,
      Labels: pairs(flags["container-label"]),
      Dir: flags.workdir || undefined,
      User: flags.user || undefined,
      Groups: some(flags.group),
      StopSignal: flags["stop-signal"] || undefined,
      TTY: flags.tty || undefined,
      ReadOnly: flags["read-only"] || undefined,
      Mounts: some(flags.mount.map((mount) => resolveMount(mount, cwd))),
      Init: flags.init ?? false,
      Hosts: some(flags.host.map(hostsLine)),
      DNSConfig: present<NonNullable<ContainerSpec["DNSConfig"]>>({
        Nameservers: some(flags.dns),
        Search: some(flags["dns-search"]),
        Options: some(flags["dns-option"]),
      }),
      StopGracePeriod: flags["stop-grace-period"] ?? undefined,
      Healthcheck: health,
      Isolation: (flags.isolation || undefined) as "default" | undefined,
      Sysctls: pairs(flags.sysctl),
      Ulimits: some(mergeUlimits(flags.ulimit)),
      OomScoreAdj: changed.has("oom-score-adj") ? flags["oom-score-adj"] : undefined,
    } as { [K in keyof ContainerSpec]: ContainerSpec[K] | undefined }),
    ...capabilities(flags["cap-add"], flags["cap-drop"]),
    ...devices(flags),
  };
}

/** What Docker's services do not have: engines that do not know it leave it aside. */
function devices(flags: CreateFlags): Pick<ContainerSpec, "Devices" | "DeviceRequests" | "Privileged"> {
  const { mappings, cdiNames } = parseDevices(flags.device);
  const requests = [...flags.gpus];
  if (cdiNames.length > 0)
    requests.push({ Driver: "cdi", Count: 0, DeviceIDs: cdiNames, Capabilities: null, Options: null });
  return {
    ...(mappings.length > 0 && { Devices: mappings }),
    ...(requests.length > 0 && { DeviceRequests: requests }),
    ...(flags.privileged && { Privileged: true }),
  };
}

/** Variables in their order; a later one takes the place of an earlier of its name. */
async function environment(input: CreateInput): Promise<string[]> {
  const { flags } = input;
  const given = flags.env.map((one) => resolveEnv(one, input));
  const all = await withFiles(flags["env-file"], given, input, (key) => own(input.env, key));
  const kept: string[] = [];
  for (const variable of all) {
    const name = `${variable.split("=")[0] ?? ""}=`;
    const old = kept.findIndex((one) => one !== variable && one.startsWith(name));
    if (old >= 0) kept.splice(old, 1);
    kept.push(variable);
  }
  return kept;
}

function resources(flags: CreateFlags): NonNullable<TaskSpec["Resources"]> {
  const limits = {
    ...(flags["limit-cpu"] && { NanoCPUs: flags["limit-cpu"] }),
    ...(flags["limit-memory"] && { MemoryBytes: flags["limit-memory"] }),
    ...(flags["limit-pids"] && { Pids: flags["limit-pids"] }),
  };
  const reservations: ResourceObject = {
    ...(flags["reserve-cpu"] && { NanoCPUs: flags["reserve-cpu"] }),
    ...(flags["reserve-memory"] && { MemoryBytes: flags["reserve-memory"] }),
    ...(flags["generic-resource"].length > 0 && { GenericResources: genericResources(flags["generic-resource"]) }),
  };
  const swappiness = flags["memory-swappiness"];
  if (swappiness < -1 || swappiness > 100)
    throw new CliError(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  return {
    Limits: limits,
    Reservations: reservations,
    ...(flags["memory-swap"] !== null && { SwapBytes: flags["memory-swap"] }),
    ...(swappiness !== -1 && { MemorySwappiness: swappiness }),
  };
}

const rolloutPrefix = /^(update|rollback)-/;

function serviceMode(flags: CreateFlags, changed: ReadonlySet<string>): NonNullable<ServiceSpec["Mode"]> {
  const { mode, replicas } = flags;
  const [concurrent, perNode] = [flags["max-concurrent"], flags["replicas-max-per-node"]];
  if (!["replicated", "global", "replicated-job", "global-job"].includes(mode))
    throw new CliError(`Unknown mode: ${mode}, only replicated and global supported`);
  const isGlobal = mode.startsWith("global");
  if (isGlobal && replicas !== null)
    throw new CliError("replicas can only be used with replicated or replicated-job mode");
  if (isGlobal && perNode > 0)
    throw new CliError("replicas-max-per-node can only be used with replicated or replicated-job mode");
  if (mode !== "replicated-job" && concurrent !== null)
    throw new CliError("max-concurrent can only be used with replicated-job mode");
  if (mode.endsWith("-job") && [...changed].some((name) => rolloutPrefix.test(name)))
    throw new CliError("update and rollback configuration is not supported for jobs");
  switch (mode) {
    case "global":
      return { Global: {} };
    case "global-job":
      return { GlobalJob: {} };
    case "replicated-job": {
      const most = concurrent ?? replicas;
      return {
        ReplicatedJob: {
          ...(most !== null && { MaxConcurrent: most }),
          ...(replicas !== null && { TotalCompletions: replicas }),
        },
      };
    }
    default:
      return { Replicated: replicas === null ? {} : { Replicas: replicas } };
  }
}
