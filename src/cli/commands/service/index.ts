import { defineTable } from "../../command.ts";

export default defineTable({
  create: { short: "Make a service", load: () => import("./create.ts") },
  inspect: { short: "Show all that is known of services", load: () => import("./inspect.ts") },
  logs: { short: "Show the output of a service or task", load: () => import("./logs.ts") },
  ls: { short: "List services", aliases: ["list"], load: () => import("./ls.ts") },
  ps: { short: "List the tasks of services", load: () => import("./ps.ts") },
  rm: { short: "Remove services", aliases: ["remove"], load: () => import("./rm.ts") },
  rollback: { short: "Take the last change of a service back", load: () => import("./rollback.ts") },
  scale: { short: "Say how many tasks services have", load: () => import("./scale.ts") },
  update: { short: "Change a service", load: () => import("./update.ts") },
});
