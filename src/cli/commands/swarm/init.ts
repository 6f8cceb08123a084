import type { SwarmSpec } from "../../../api/types/swarm.ts";
import type { Client } from "../../../client/client.ts";
import { initSwarm, type SwarmInit, swarmUnlockKey } from "../../../client/swarm.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { Flag } from "../../flags/flag.ts";
import { bool, uint } from "../../flags/kinds.ts";
import { addressFlags, availability } from "./address-flags.ts";
import { joinCommands, unlockCommand } from "./instructions.ts";
import { specFlags, withSpecFlags } from "./spec-flags.ts";

const emptySpec: SwarmSpec = {
  Labels: {},
  Orchestration: {},
  Raft: {},
  Dispatcher: {},
  CAConfig: {},
  TaskDefaults: {},
  EncryptionConfig: { AutoLockManagers: false },
};

const pools: Flag<readonly string[]> = {
  type: "ipNetSlice",
  help: "Range that networks' subnets are taken from, in CIDR form",
  initial: [],
  shown: "[]",
  minApi: "1.39",
  set: (current, text) => [...current, ...text.split(",").map(pool)],
};

/** A range by its first address, as Go's net package writes it. */
function pool(text: string): string {
  const subnet = /^[\d.]+\/\d+$|^[\da-fA-F:.]+\/\d+$/.test(text.trim()) ? text.trim() : null;
  if (subnet === null) throw new Error(`invalid string being converted to CIDR: ${text}`);
  return firstAddress(subnet);
}

function firstAddress(subnet: string): string {
  const [address = "", bits = ""] = subnet.split("/");
  const parts = address.split(".").map(Number);
  if (parts.length !== 4) return subnet;
  const value = parts.reduce((sum, part) => sum * 256 + part, 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(value / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${bits}`;
}

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    ...addressFlags,
    ...specFlags,
    "data-path-port": uint(
      "Port for the data of networks (1024 - 49151). Without it, or with 0, the default port (4789) is used.",
      { type: "uint32", bits: 32, minApi: "1.40" },
    ),
    "default-addr-pool": pools,
    "default-addr-pool-mask-length": {
      ...uint("Length of the prefix of networks' subnets", { type: "uint32", bits: 32, minApi: "1.39" }),
      initial: 24,
      shown: "24",
    },
    "force-new-cluster": bool("Begin a new swarm with what this node knows of the old"),
  },
  async run(deps, _args, flags) {
    const client = await deps.client();
    const id = await init(client, {
      ListenAddr: flags["listen-addr"],
      AdvertiseAddr: flags["advertise-addr"],
      DataPathAddr: flags["data-path-addr"],
      DataPathPort: flags["data-path-port"],
      ForceNewCluster: flags["force-new-cluster"],
      Spec: withSpecFlags(emptySpec, flags, deps.changed, ""),
      AutoLockManagers: flags.autolock,
      Availability: availability(flags.availability, deps.changed),
      DefaultAddrPool: [...flags["default-addr-pool"]],
      SubnetSize: flags["default-addr-pool-mask-length"],
    });
    deps.out.write(`Swarm initialized: current node (${id}) is now a manager.\n\n`);
    deps.out.write(await joinCommands(client, deps.program, id, ["worker"]));
    deps.out.write(
      `To add a manager to this swarm, run '${deps.program} swarm join-token manager' and follow the instructions.\n\n`,
    );
    if (flags.autolock) deps.out.write(unlockCommand(deps.program, await swarmUnlockKey(client)));
  },
});

async function init(client: Client, body: SwarmInit): Promise<string> {
  try {
    return await initSwarm(client, body);
  } catch (error) {
    const message = errorMessage(error);
    if (/could not choose an IP address to advertise|could not find the system's IP address/.test(message))
      throw new CliError(`${message} - specify one with --advertise-addr`);
    throw error;
  }
}
