import { minArgs, noArgs, rangeArgs } from "../../args.ts";
import { defineTable } from "../../command.ts";
import { clusterEntry } from "./cluster-command.ts";

export default defineTable({
  create: clusterEntry({
    short: "Store a secret from a file or standard input",
    usage: "[OPTIONS] SECRET [file|-]",
    args: rangeArgs(1, 2),
    call: "POST /secrets/create",
    flags: "driver/d:string label/l:list template-driver:string",
  }),
  inspect: clusterEntry({
    short: "Show what is known of secrets",
    usage: "[OPTIONS] SECRET [SECRET...]",
    args: minArgs(1),
    call: "GET /secrets/NAME",
    nothing: "[]\n",
    flags: "format/f:string pretty:bool",
  }),
  ls: clusterEntry({
    short: "List secrets",
    usage: "[OPTIONS]",
    args: noArgs,
    call: "GET /secrets",
    aliases: ["list"],
    flags: "filter/f:filter format:string quiet/q:bool",
  }),
  rm: clusterEntry({
    short: "Remove secrets",
    usage: "SECRET [SECRET...]",
    args: minArgs(1),
    call: "DELETE /secrets/NAME",
    each: "plain",
    aliases: ["remove"],
  }),
});
