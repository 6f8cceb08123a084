import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { setRole } from "./change.ts";

export default defineCommand({
  usage: "NODE [NODE...]",
  args: minArgs(1),
  flags: {},
  run: (deps, names) => setRole(deps, names, "manager", (name) => `Node ${name} promoted to a manager in the swarm.`),
});
