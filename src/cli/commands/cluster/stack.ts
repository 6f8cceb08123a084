import { exactArgs, minArgs, noArgs } from "../../args.ts";
import { defineTable } from "../../command.ts";
import { clusterEntry } from "./cluster-command.ts";

export default defineTable({
  config: clusterEntry({
    short: "Show Compose files, put together",
    usage: "[OPTIONS]",
    args: noArgs,
    call: "GET /services",
    flags: "compose-file/c:stringSlice skip-interpolation:bool orchestrator:string!",
  }),
  deploy: clusterEntry({
    short: "Bring a stack to what Compose files say",
    usage: "[OPTIONS] STACK",
    args: exactArgs(1),
    call: "GET /services",
    aliases: ["up"],
    flags: [
      "compose-file/c:stringSlice detach/d:bool=true prune:bool quiet/q:bool",
      "resolve-image:string=always with-registry-auth:bool orchestrator:string!",
    ].join(" "),
  }),
  ls: clusterEntry({
    short: "List stacks",
    usage: "[OPTIONS]",
    args: noArgs,
    call: "GET /services",
    aliases: ["list"],
    flags: "format:string orchestrator:string!",
  }),
  ps: clusterEntry({
    short: "List the tasks of a stack",
    usage: "[OPTIONS] STACK",
    args: exactArgs(1),
    call: "GET /tasks",
    flags: "filter/f:filter format:string no-resolve:bool no-trunc:bool quiet/q:bool orchestrator:string!",
  }),
  rm: clusterEntry({
    short: "Remove stacks",
    usage: "[OPTIONS] STACK [STACK...]",
    args: minArgs(1),
    call: "GET /services",
    aliases: ["remove", "down"],
    flags: "detach/d:bool=true orchestrator:string!",
  }),
  services: clusterEntry({
    short: "List the services of a stack",
    usage: "[OPTIONS] STACK",
    args: exactArgs(1),
    call: "GET /services",
    flags: "filter/f:filter format:string quiet/q:bool orchestrator:string!",
  }),
});
