import { createNetwork } from "../../../client/networks.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, list, map, string, stringSlice } from "../../flags/kinds.ts";
import { ipamConfig } from "../../ipam.ts";
import { labelMap } from "../../labels.ts";
import { checkLabel } from "../container/options/key-values.ts";

export default defineCommand({
  usage: "[OPTIONS] NETWORK",
  args: exactArgs(1),
  flags: {
    attachable: bool("Let containers that belong to no service connect", { minApi: "1.25" }),
    "aux-address": map("Address that the network's driver uses itself"),
    "config-from": string("Network to take the configuration from", { minApi: "1.30" }),
    "config-only": bool("Make a configuration for other networks only", { minApi: "1.30" }),
    driver: string("Driver that runs the network", { short: "d", default: "bridge" }),
    gateway: stringSlice("Gateway of a subnet, IPv4 or IPv6"),
    ingress: bool("Make the routing mesh of a swarm", { minApi: "1.29" }),
    internal: bool("Let nothing in from outside, nor out"),
    "ip-range": stringSlice("Part of a subnet to take containers' addresses from"),
    "ipam-driver": string("Driver that manages addresses", { default: "default" }),
    "ipam-opt": map("Option for the driver that manages addresses"),
    ipv4: bool("Give IPv4 addresses", { default: true }),
    ipv6: bool("Give IPv6 addresses"),
    label: list("Set metadata", { parse: checkLabel }),
    opt: map("Option for the network's driver", { short: "o" }),
    scope: string("Scope of the network", { minApi: "1.30" }),
    subnet: stringSlice("Subnet of the network, in CIDR form"),
  },
  async run(deps, [Name = ""], flags) {
    const IPAM = {
      Driver: flags["ipam-driver"],
      Config: ipamConfig({
        subnets: flags.subnet,
        ranges: flags["ip-range"],
        gateways: flags.gateway,
        auxiliary: flags["aux-address"],
      }),
      Options: flags["ipam-opt"],
    };
    const { Id, Warning } = await createNetwork(await deps.client(), {
      Name,
      Driver: flags.driver,
      Options: flags.opt,
      IPAM,
      Internal: flags.internal,
      Attachable: flags.attachable,
      Ingress: flags.ingress,
      ...(deps.changed.has("ipv4") && { EnableIPv4: flags.ipv4 }),
      ...(deps.changed.has("ipv6") && { EnableIPv6: flags.ipv6 }),
      Scope: flags.scope,
      ConfigOnly: flags["config-only"],
      ConfigFrom: flags["config-from"] === "" ? null : { Network: flags["config-from"] },
      Labels: labelMap(flags.label),
    });
    if (Warning) deps.err.write(`WARNING: ${Warning}\n`);
    deps.out.write(`${Id}\n`);
  },
});
