import { disconnectNetwork } from "../../../client/networks.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS] NETWORK CONTAINER",
  args: exactArgs(2),
  flags: { force: bool("Disconnect even a container that is gone", { short: "f" }) },
  async run(deps, [network = "", container = ""], { force }) {
    await disconnectNetwork(await deps.client(), network, container, force);
  },
});
