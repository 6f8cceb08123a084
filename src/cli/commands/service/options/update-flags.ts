import type { FlagValues } from "../../../flags/flag.ts";
import { bool, custom, list, string } from "../../../flags/kinds.ts";
import { checkEnv } from "../../container/options/key-values.ts";
import { sharedFlags, valueFlags } from "./flags.ts";
import { commandWords } from "./parse.ts";

const removal = (help: string, minApi?: string) => list(help, minApi === undefined ? {} : { minApi });

export const updateFlags = {
  ...sharedFlags("0"),
  args: custom("command", "Arguments of the program", commandWords),
  "config-add": valueFlags.config("Give the containers one more config"),
  "config-rm": removal("Take a config away", "1.30"),
  "constraint-add": list("Add a condition that a node must meet"),
  "constraint-rm": removal("Remove a condition"),
  "container-label-add": valueFlags.label("Set a label of the containers"),
  "container-label-rm": removal("Remove a label of the containers by its name"),
  "device-add": list("Give the containers one more device of their node"),
  "device-rm": removal("Take a device away, by its path in the containers"),
  "dns-add": valueFlags.dns("Add a DNS server"),
  "dns-option-add": list("Add a DNS resolver option", { minApi: "1.25" }),
  "dns-option-rm": removal("Remove a DNS resolver option", "1.25"),
  "dns-rm": removal("Remove a DNS server", "1.25"),
  "dns-search-add": valueFlags.dnsSearch("Add a DNS search domain"),
  "dns-search-rm": removal("Remove a DNS search domain", "1.25"),
  "endpoint-mode": string("How the service's name is resolved (vip or dnsrr)"),
  "env-add": list("Set an environment variable", { parse: checkEnv }),
  "env-rm": removal("Remove an environment variable"),
  force: bool("Replace the tasks even where nothing has changed", { minApi: "1.25" }),
  "generic-resource-add": valueFlags.generic("Add a thing that a node must have (kind=amount)"),
  "generic-resource-rm": removal("Remove a thing by its kind"),
  "group-add": list("Add a supplementary group", { minApi: "1.25" }),
  "group-rm": removal("Remove a supplementary group", "1.25"),
  "host-add": { ...valueFlags.host("Add a line of /etc/hosts (host:ip)"), minApi: "1.32" },
  "host-rm": removal("Remove a line of /etc/hosts (host:ip or host)", "1.25"),
  image: string("Image to run"),
  "label-add": valueFlags.label("Set a label of the service"),
  "label-rm": removal("Remove a label of the service by its name"),
  "mount-add": valueFlags.mount("Add a mount, or replace the one at its place"),
  "mount-rm": removal("Remove a mount by its place in the containers"),
  "network-add": valueFlags.network("Connect the containers to one more network", { minApi: "1.29" }),
  "network-rm": removal("Disconnect the containers from a network", "1.29"),
  "placement-pref-add": valueFlags.preference("Add what the tasks are spread over"),
  "placement-pref-rm": valueFlags.preference("Remove what the tasks are spread over"),
  privileged: bool("Give the containers all capabilities and devices"),
  "publish-add": valueFlags.port("Publish one more port, or replace it"),
  "publish-rm": valueFlags.port("Publish a port no more, by the one in the containers"),
  rollback: bool("Go back to what the service was before its last change", { minApi: "1.25" }),
  "secret-add": valueFlags.secret("Give the containers one more secret"),
  "secret-rm": removal("Take a secret away", "1.25"),
  "sysctl-add": list("Set a kernel parameter", { minApi: "1.40" }),
  "sysctl-rm": removal("Remove a kernel parameter by its name", "1.40"),
  "ulimit-add": valueFlags.ulimit("Set a resource limit"),
  "ulimit-rm": removal("Remove a resource limit by its name", "1.41"),
};

export type UpdateFlags = FlagValues<typeof updateFlags>;
