import { anyArgs, exactArgs, minArgs, noArgs } from "../../args.ts";
import { defineTable } from "../../command.ts";
import { clusterEntry } from "./cluster-command.ts";

export default defineTable({
  demote: clusterEntry({
    short: "Make workers of managers",
    usage: "NODE [NODE...]",
    args: minArgs(1),
    call: "GET /nodes/NAME",
  }),
  inspect: clusterEntry({
    short: "Show all that is known of nodes",
    usage: "[OPTIONS] self|NODE [NODE...]",
    args: minArgs(1),
    call: "GET /nodes/NAME",
    nothing: "[]\n",
    flags: "format/f:string pretty:bool",
  }),
  ls: clusterEntry({
    short: "List nodes",
    usage: "[OPTIONS]",
    args: noArgs,
    call: "GET /nodes",
    aliases: ["list"],
    flags: "filter/f:filter format:string quiet/q:bool",
  }),
  promote: clusterEntry({
    short: "Make managers of workers",
    usage: "NODE [NODE...]",
    args: minArgs(1),
    call: "GET /nodes/NAME",
  }),
  ps: clusterEntry({
    short: "List the tasks that run on nodes",
    usage: "[OPTIONS] [NODE...]",
    args: anyArgs,
    call: "GET /nodes/NAME",
    flags: "filter/f:filter format:string no-resolve:bool no-trunc:bool quiet/q:bool",
  }),
  rm: clusterEntry({
    short: "Remove nodes from the swarm",
    usage: "[OPTIONS] NODE [NODE...]",
    args: minArgs(1),
    call: "DELETE /nodes/NAME",
    each: "plain",
    aliases: ["remove"],
    flags: "force/f:bool",
  }),
  update: clusterEntry({
    short: "Change a node",
    usage: "[OPTIONS] NODE",
    args: exactArgs(1),
    call: "GET /nodes/NAME",
    flags: "availability:string label-add:list label-rm:list role:string",
  }),
});
