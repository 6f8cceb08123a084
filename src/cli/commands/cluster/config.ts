import { exactArgs, minArgs, noArgs } from "../../args.ts";
import { defineTable } from "../../command.ts";
import { clusterEntry } from "./cluster-command.ts";

export default defineTable({
  create: clusterEntry({
    short: "Store a configuration from a file or standard input",
    usage: "[OPTIONS] CONFIG file|-",
    args: exactArgs(2),
    call: "POST /configs/create",
    flags: "label/l:list template-driver:string",
  }),
  inspect: clusterEntry({
    short: "Show all that is known of configurations",
    usage: "[OPTIONS] CONFIG [CONFIG...]",
    args: minArgs(1),
    call: "GET /configs/NAME",
    nothing: "[]\n",
    flags: "format/f:string pretty:bool",
  }),
  ls: clusterEntry({
    short: "List configurations",
    usage: "[OPTIONS]",
    args: noArgs,
    call: "GET /configs",
    aliases: ["list"],
    flags: "filter/f:filter format:string quiet/q:bool",
  }),
  rm: clusterEntry({
    short: "Remove configurations",
    usage: "CONFIG [CONFIG...]",
    args: minArgs(1),
    call: "DELETE /configs/NAME",
    each: "plain",
    aliases: ["remove"],
  }),
});
