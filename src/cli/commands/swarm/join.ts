import { joinSwarm } from "../../../client/swarm.ts";
import { engineInfo } from "../../../client/system.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { string } from "../../flags/kinds.ts";
import { addressFlags, availability } from "./address-flags.ts";

export default defineCommand({
  usage: "[OPTIONS] HOST:PORT",
  args: exactArgs(1),
  flags: { ...addressFlags, token: string("Token that lets the node in") },
  async run(deps, [remote = ""], flags) {
    const client = await deps.client();
    await joinSwarm(client, {
      ListenAddr: flags["listen-addr"],
      AdvertiseAddr: flags["advertise-addr"],
      DataPathAddr: flags["data-path-addr"],
      RemoteAddrs: [remote],
      JoinToken: flags.token,
      Availability: availability(flags.availability, deps.changed),
    });
    const isManager = (await engineInfo(client)).Swarm?.ControlAvailable === true;
    deps.out.write(`This node joined a swarm as a ${isManager ? "manager" : "worker"}.\n`);
  },
});
