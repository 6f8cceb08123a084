/** Options that `service create` and `service update` share, by what they are about. */
import { parseBytes, parseSwapBytes } from "../../../../lib/bytes.ts";
import type { Flag, FlagOptions } from "../../../flags/flag.ts";
import { bool, bytes, custom, duration, int, list, listOf, optionalBool, string, uint } from "../../../flags/kinds.ts";
import { parseNanoCpus } from "../../../flags/number.ts";
import { checkLabel } from "../../container/options/key-values.ts";
import { parseUlimit } from "../../container/options/limits.ts";
import { parseMount } from "../../container/options/mount.ts";
import { parseDns, parseDnsSearch, parseExtraHost } from "../../container/options/names.ts";
import { parseNetwork } from "../../container/options/network.ts";
import { parseFileReference } from "./files.ts";
import { checkGenericResource, commandWords, parseCredentialSpec, parseFloatValue, parsePreference } from "./parse.ts";
import { parsePublished } from "./ports.ts";

function float(help: string, options: FlagOptions = {}): Flag<number> {
  return { type: "float", help, initial: 0, shown: "0", ...options, set: (_, text) => parseFloatValue(text) };
}

/** A number that knows whether it was given. */
const count = (help: string, options: FlagOptions = {}): Flag<number | null> => ({
  ...uint(help),
  ...options,
  initial: null,
  set: (_, text) => uint(help).set(0, text),
});

const span = (help: string, options: FlagOptions = {}): Flag<number | null> => ({
  ...duration(`${help} (ns|us|ms|s|m|h)`),
  ...options,
  initial: null,
  set: (_, text) => duration(help).set(0, text),
});

/** How tasks are replaced; `update` and `rollback` take the same. */
function rolloutFlags<P extends "update" | "rollback">(prefix: P, deed: string, parallelism: string) {
  const since = prefix === "update" ? undefined : "1.28";
  const minApi = (version: string) => ({ minApi: since ?? version });
  const own = since === undefined ? {} : { minApi: since };
  const actions = prefix === "update" ? '"pause", "continue", "rollback"' : '"pause", "continue"';
  const flags = {
    delay: span(`Time between two ${deed}s of tasks`, { shown: "0s", ...own }),
    "failure-action": string(`What to do where one fails (${actions})`, own),
    "max-failure-ratio": float(`Failures to tolerate while tasks are ${deed}d`, minApi("1.25")),
    monitor: span(`How long to watch each task after it is ${deed}d`, { shown: "0s", ...minApi("1.25") }),
    order: string('Which goes first ("start-first", "stop-first")', { minApi: "1.29" }),
    parallelism: {
      ...uint(`How many tasks are ${deed}d at a time (0 for all)`),
      shown: parallelism,
      ...own,
    },
  };
  const named = Object.entries(flags).map(([name, flag]) => [`${prefix}-${name}`, flag]);
  return Object.fromEntries(named) as { [K in keyof typeof flags as `${P}-${K}`]: (typeof flags)[K] };
}

/** `parallelism`: the default to be shown. */
export function sharedFlags(parallelism: string) {
  return {
    "cap-add": list("Add a Linux capability", { minApi: "1.41" }),
    "cap-drop": list("Drop a Linux capability", { minApi: "1.41" }),
    "credential-spec": custom(
      "credential-spec",
      "Credentials of a managed service account (Windows only)",
      parseCredentialSpec,
      { minApi: "1.29" },
    ),
    detach: bool("Do not wait until the service has what it should", { short: "d", minApi: "1.29" }),
    entrypoint: custom("command", "Program to run in place of the image's entry point", commandWords),
    "health-cmd": string("Command that checks a container's health", { minApi: "1.25" }),
    "health-interval": span("Time between two health checks", { minApi: "1.25" }),
    "health-retries": int("Failed checks in a row that make a container unhealthy", { minApi: "1.25" }),
    "health-start-interval": span("Time between two checks during the start period", { minApi: "1.44" }),
    "health-start-period": span("Time to start up before failed checks count", { minApi: "1.29" }),
    "health-timeout": span("Longest time a check may take", { minApi: "1.25" }),
    hostname: string("Host name of the containers", { minApi: "1.25" }),
    init: optionalBool("Run a small init that passes signals on and reaps processes", { minApi: "1.37" }),
    isolation: string("Isolation technology of the containers", { minApi: "1.35" }),
    "limit-cpu": custom("decimal", "Number of CPUs that a container may use", parseNanoCpus),
    "limit-memory": bytes("Memory that a container may use"),
    "limit-pids": int("Limit of processes of a container (0 for none)", { minApi: "1.41" }),
    "log-driver": string("Where the containers' output is logged"),
    "log-opt": list("Option of the log driver"),
    "max-concurrent": count("How many tasks of a job run at a time", { minApi: "1.41" }),
    "memory-swap": custom("bytes", "Memory that a container may swap out; -1 for no limit", parseSwapBytes, {
      minApi: "1.52",
    }),
    "memory-swappiness": int("How readily memory is swapped out, 0 to 100", { default: -1, minApi: "1.52" }),
    "no-healthcheck": bool("Switch off the image's health check", { minApi: "1.25" }),
    "no-resolve-image": bool("Do not ask the registry which image and platforms it is", { minApi: "1.30" }),
    "oom-score-adj": int("How likely the kernel picks a container when memory runs out, -1000 to 1000", {
      minApi: "1.46",
    }),
    quiet: bool("Do not show progress", { short: "q" }),
    "read-only": bool("Mount the containers' root filesystem read-only", { minApi: "1.28" }),
    replicas: count("Number of tasks"),
    "replicas-max-per-node": uint("How many of the tasks a node may have (0 for any number)", {
      shown: "0",
      minApi: "1.40",
    }),
    "reserve-cpu": custom("decimal", "Number of CPUs that a node must have for each task", parseNanoCpus),
    "reserve-memory": custom("bytes", "Memory that a node must have for each task", parseBytes, { shown: "0" }),
    "restart-condition": string('When a task is replaced ("none", "on-failure", "any")'),
    "restart-delay": span("Time before a task is replaced"),
    "restart-max-attempts": count("How often a task is replaced before it is given up"),
    "restart-window": span("Time within which attempts are counted"),
    "stop-grace-period": span("Time between the stop signal and the kill"),
    "stop-signal": string("Signal that stops a container", { minApi: "1.28" }),
    tty: bool("Allocate a terminal", { short: "t", minApi: "1.25" }),
    user: string("User, and group, to run as: name|uid[:group|gid]", { short: "u" }),
    "with-registry-auth": bool("Give the nodes your credentials for the registry"),
    workdir: string("Working directory in the containers", { short: "w" }),
    ...rolloutFlags("update", "update", parallelism),
    ...rolloutFlags("rollback", "rollback", parallelism),
  };
}

/** Values that `create` takes under one name and `update` under another. */
export const valueFlags = {
  config: (help: string) => listOf("config", help, parseFileReference("config"), { minApi: "1.30" }),
  dns: (help: string) => list(help, { parse: parseDns, minApi: "1.25" }),
  dnsSearch: (help: string) => list(help, { parse: parseDnsSearch, minApi: "1.25" }),
  generic: (help: string) => list(help, { parse: checkGenericResource }),
  host: (help: string) => list(help, { parse: parseExtraHost, minApi: "1.25" }),
  label: (help: string, options: FlagOptions = {}) => list(help, { parse: checkLabel, ...options }),
  mount: (help: string) => listOf("mount", help, parseMount),
  network: (help: string, options: FlagOptions = {}) => listOf("network", help, parseNetwork, options),
  preference: (help: string) => listOf("pref", help, parsePreference, { minApi: "1.28" }),
  port: (help: string, options: FlagOptions = {}) => listOf("port", help, parsePublished, options),
  secret: (help: string) => listOf("secret", help, parseFileReference("secret"), { minApi: "1.25" }),
  ulimit: (help: string) => listOf("ulimit", help, parseUlimit, { minApi: "1.41" }),
};
