import { isAbsolute } from "node:path/posix";
import type { EndpointSpec, ResourceObject, ServiceSpec, TaskSpec } from "../../api/types/swarm.ts";
import { invalid, notImplemented } from "../../lib/errors.ts";
import { parseReference } from "../../oci/reference.ts";
import { parseConstraints } from "../schedule/constraints.ts";
import { expandSpec } from "../templates.ts";

type ContainerSpec = NonNullable<TaskSpec["ContainerSpec"]>;

/** Nanoseconds of a processor's second that a task may be given at least. */
const leastCpu = 1_000_000;
const leastMemory = 4 * 1024 * 1024;

/**
 * Throws `invalid`, in Docker's words, on what no cluster could run. References to other objects are looked at later.
 */
export function validateService(spec: ServiceSpec): void {
  validateName(spec.Name ?? "");
  validateTask(spec.TaskTemplate ?? {});
  validateMode(spec);
  for (const [which, config] of [
    ["update", spec.UpdateConfig],
    ["rollback", spec.RollbackConfig],
  ] as const) {
    const { MaxFailureRatio = 0, Delay = 0, Monitor = 0 } = config ?? {};
    if (MaxFailureRatio < 0 || MaxFailureRatio > 1)
      throw invalid(`TaskSpec: ${which}-maxfailureratio cannot be less than 0 or bigger than 1`);
    if (Delay < 0) throw invalid(`TaskSpec: ${which}-delay cannot be negative`);
    if (Monitor < 0) throw invalid(`TaskSpec: ${which}-monitor cannot be negative`);
  }
  validateEndpoint(spec.EndpointSpec ?? {});
}

function validateName(name: string): void {
  if (name === "") throw invalid("name must be provided");
  if (!/^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$/.test(name)) throw invalid("name must be valid as a DNS name component");
  if (name.length > 63) throw invalid("name must be 63 characters or fewer");
}

function validateMode({ Mode = {}, UpdateConfig, TaskTemplate }: ServiceSpec): void {
  const modes = Object.values(Mode).filter((mode) => mode != null);
  if (modes.length > 1) throw invalid("must specify only one service mode");
  if ((Mode.Replicated?.Replicas ?? 0) < 0) throw invalid("Number of replicas must be non-negative");
  if (!Mode.ReplicatedJob && !Mode.GlobalJob) return;
  if (UpdateConfig) throw invalid("Jobs may not have an update config");
  if (TaskTemplate?.RestartPolicy?.Condition === "any")
    throw invalid('Jobs may not have the restart condition "any": they would never end');
}

function validateTask(task: TaskSpec): void {
  if (task.Runtime && task.Runtime !== "container")
    throw task.Runtime === "plugin"
      ? notImplemented("services of plugins are not supported")
      : invalid("unsupported runtime");
  if (!task.ContainerSpec) throw invalid("mismatched Runtime and *Spec fields");
  validateResources(task.Resources?.Limits);
  validateResources(task.Resources?.Reservations);
  const { Delay = 0, Window = 0 } = task.RestartPolicy ?? {};
  if (Delay < 0) throw invalid("TaskSpec: restart-delay cannot be negative");
  if (Window < 0) throw invalid("TaskSpec: restart-window cannot be negative");
  parseConstraints(task.Placement?.Constraints ?? []);
  validateContainer(task.ContainerSpec);
}

function validateResources(resources: ResourceObject | undefined): void {
  const { NanoCPUs = 0, MemoryBytes = 0 } = resources ?? {};
  if (NanoCPUs !== 0 && NanoCPUs < leastCpu)
    throw invalid(`invalid cpu value ${goFloat(NanoCPUs / 1e9)}: Must be at least ${leastCpu / 1e9}`);
  if (MemoryBytes !== 0 && MemoryBytes < leastMemory)
    throw invalid(`invalid memory value ${MemoryBytes}: Must be at least 4MiB`);
}

/** As Go prints a float: exponents have two digits. */
const goFloat = (value: number): string => String(value).replace(/e([+-])(\d)$/, "e$10$2");

/** Something for templates to see while nobody knows where they will be filled in. */
const anywhere = {
  Service: { ID: "id", Name: "name", Labels: {} },
  Node: { ID: "id", Hostname: "host", Platform: { Architecture: "x86_64", OS: "linux" } },
  Task: { ID: "id", Name: "name", Slot: "1" },
};

function validateContainer(container: ContainerSpec): void {
  const { Image = "", Mounts = [], Secrets = [], Configs = [] } = container;
  if (Image === "") throw invalid("ContainerSpec: image reference must be provided");
  try {
    parseReference(Image);
  } catch {
    throw invalid(`ContainerSpec: ${JSON.stringify(Image)} is not a valid repository/tag`);
  }
  const targets = new Set<string>();
  for (const { Type, Source, Target = "" } of Mounts) {
    if (!["bind", "volume", "tmpfs", "npipe", "cluster", "image"].includes(Type ?? ""))
      throw invalid(`invalid MountType: ${JSON.stringify(Type ?? "")}`);
    if (targets.has(Target ?? "")) throw invalid(`ContainerSpec: duplicate mount point: ${Target}`);
    targets.add(Target ?? "");
    if (!isAbsolute(Target ?? "")) throw invalid(`invalid mount target, must be an absolute path: ${Target}`);
    if (Type === "bind" && !isAbsolute(Source ?? "") && !Source?.includes("{{"))
      throw invalid(`invalid bind mount source, must be an absolute path: ${Source}`);
  }
  validateFiles(
    "secret",
    Secrets.map(({ File, SecretName }) => [SecretName, File?.Name]),
  );
  validateFiles(
    "config",
    Configs.filter(({ Runtime }) => !Runtime).map(({ File, ConfigName }) => [ConfigName, File?.Name]),
  );
  expandSpec(container, anywhere);
}

/** Each has a target of its own. */
function validateFiles(
  kind: string,
  files: readonly (readonly [name: string | undefined, target: string | undefined])[],
): void {
  const seen = new Map<string, string>();
  for (const [name = "", target = ""] of files) {
    if (target === "") throw invalid(`malformed ${kind} reference, no target provided`);
    const other = seen.get(target);
    if (other !== undefined)
      throw invalid(`${kind} references '${other}' and '${name}' have a conflicting target: '${target}'`);
    seen.set(target, name);
  }
}

function validateEndpoint({ Mode = "vip", Ports = [] }: EndpointSpec): void {
  const published = new Set<string>();
  for (const { Protocol = "tcp", PublishedPort = 0, TargetPort = 0, PublishMode = "ingress" } of Ports) {
    if (Mode === "dnsrr" && PublishMode === "ingress")
      throw invalid("EndpointSpec: port published with ingress mode can't be used with dnsrr mode");
    if (TargetPort < 1 || TargetPort > 65535) throw invalid(`EndpointSpec: invalid target port: ${TargetPort}`);
    if (PublishedPort < 0 || PublishedPort > 65535)
      throw invalid(`EndpointSpec: invalid published port: ${PublishedPort}`);
    if (PublishedPort === 0) continue;
    const key = `${PublishMode}/${Protocol}/${PublishedPort}`;
    if (published.has(key)) throw invalid("EndpointSpec: duplicate published ports provided");
    published.add(key);
  }
}
