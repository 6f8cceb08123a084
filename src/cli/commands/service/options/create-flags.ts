import type { FlagValues } from "../../../flags/flag.ts";
import { bool, list, listOf, string } from "../../../flags/kinds.ts";
import { parseGpus } from "../../container/options/devices.ts";
import { checkEnv } from "../../container/options/key-values.ts";
import { sharedFlags, valueFlags } from "./flags.ts";

export const createFlags = {
  ...sharedFlags("1"),
  config: valueFlags.config("Config that the containers have as a file"),
  constraint: list("Condition that a node must meet (node.role==worker)"),
  "container-label": valueFlags.label("Set a label of the containers"),
  device: list("Give the containers a device of their node"),
  dns: valueFlags.dns("DNS server"),
  "dns-option": list("DNS resolver option", { minApi: "1.25" }),
  "dns-search": valueFlags.dnsSearch("DNS search domain"),
  "endpoint-mode": string("How the service's name is resolved (vip or dnsrr)", { default: "vip" }),
  env: list("Set an environment variable", { short: "e", parse: checkEnv }),
  "env-file": list("Read environment variables from a file"),
  "generic-resource": valueFlags.generic("Thing that a node must have (kind=amount)"),
  gpus: listOf("gpu-request", "Give the containers GPUs (`all` for every one)", parseGpus),
  group: list("Supplementary group of the containers' user", { minApi: "1.25" }),
  host: valueFlags.host("Extra line of /etc/hosts (host:ip)"),
  label: valueFlags.label("Set a label of the service", { short: "l" }),
  mode: string('What the service is ("replicated", "global", "replicated-job", "global-job")', {
    default: "replicated",
  }),
  mount: valueFlags.mount("Mount a file system (type=bind|volume|tmpfs,src=…,dst=…)"),
  name: string("Name of the service"),
  network: valueFlags.network("Network to connect the containers to"),
  "placement-pref": valueFlags.preference("What the tasks are spread over (spread=node.labels.rack)"),
  privileged: bool("Give the containers all capabilities and devices"),
  publish: valueFlags.port("Publish a port on every node", { short: "p" }),
  secret: valueFlags.secret("Secret that the containers have as a file"),
  sysctl: list("Kernel parameter of the containers' namespaces", { minApi: "1.40" }),
  ulimit: valueFlags.ulimit("Resource limit of processes"),
};

export type CreateFlags = FlagValues<typeof createFlags>;
