/** What a service of a Compose file may say, in the order in which it is printed. */
import {
  duration,
  fieldsOf,
  integer,
  isMapping,
  listOf,
  type Mapping,
  number,
  oneOrMore,
  pairs,
  type Reader,
  sizeText,
  text,
  texts,
  truth,
  word,
  words,
} from "./readers.ts";
import { command, extraHosts, files, ports, serviceNetworks, ulimits, volumes } from "./short-forms.ts";

const labels = pairs("");

const rollout = fieldsOf({
  parallelism: integer,
  delay: duration,
  failure_action: text,
  monitor: duration,
  max_failure_ratio: number,
  order: text,
});

const generic = fieldsOf({ discrete_resource_spec: fieldsOf({ kind: text, value: number }) });

const deploy = fieldsOf({
  mode: text,
  replicas: integer,
  labels,
  update_config: rollout,
  rollback_config: rollout,
  resources: fieldsOf({
    limits: fieldsOf({ cpus: word, memory: sizeText, pids: integer }),
    reservations: fieldsOf({ cpus: word, memory: sizeText, generic_resources: listOf(generic) }),
  }),
  restart_policy: fieldsOf({ condition: text, delay: duration, max_attempts: integer, window: duration }),
  placement: fieldsOf({
    constraints: texts,
    preferences: listOf(fieldsOf({ spread: text })),
    max_replicas_per_node: integer,
  }),
  endpoint_mode: text,
});

const health = fieldsOf({
  test: (value, place) => (typeof value === "string" ? ["CMD-SHELL", value] : texts(value, place)),
  timeout: duration,
  interval: duration,
  retries: integer,
  start_period: duration,
  start_interval: duration,
  disable: truth,
});

const build: Reader<Mapping> = (value, place) => (isMapping(value) ? value : { context: text(value, place) });

const dependencies: Reader<string[]> = (value, place) =>
  isMapping(value) ? Object.keys(value).sort() : texts(value, place);

export const serviceFields: Readonly<Record<string, Reader>> = {
  build,
  cap_add: texts,
  cap_drop: texts,
  cgroup_parent: text,
  cgroupns_mode: text,
  command,
  configs: files,
  container_name: text,
  credential_spec: fieldsOf({ config: text, file: text, registry: text }),
  depends_on: dependencies,
  deploy,
  devices: texts,
  dns: oneOrMore,
  dns_search: oneOrMore,
  domainname: text,
  entrypoint: command,
  environment: pairs(null),
  env_file: oneOrMore,
  expose: words,
  external_links: texts,
  extra_hosts: extraHosts,
  hostname: text,
  healthcheck: health,
  image: text,
  init: truth,
  ipc: text,
  isolation: text,
  labels,
  links: texts,
  logging: fieldsOf({ driver: text, options: pairs("") }),
  mac_address: text,
  network_mode: text,
  networks: serviceNetworks,
  pid: text,
  ports,
  privileged: truth,
  read_only: truth,
  restart: text,
  secrets: files,
  security_opt: texts,
  shm_size: sizeText,
  stdin_open: truth,
  stop_grace_period: duration,
  stop_signal: text,
  sysctls: pairs(""),
  tmpfs: oneOrMore,
  tty: truth,
  ulimits,
  user: word,
  userns_mode: text,
  volumes,
  working_dir: text,
  oom_score_adj: integer,
};
