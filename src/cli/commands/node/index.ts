import { defineTable } from "../../command.ts";

export default defineTable({
  demote: { short: "Make workers of managers", load: () => import("./demote.ts") },
  inspect: { short: "Show all that is known of nodes", load: () => import("./inspect.ts") },
  ls: { short: "List nodes", aliases: ["list"], load: () => import("./ls.ts") },
  promote: { short: "Make managers of workers", load: () => import("./promote.ts") },
  ps: { short: "List the tasks that run on nodes", load: () => import("./ps.ts") },
  rm: { short: "Remove nodes from the swarm", aliases: ["remove"], load: () => import("./rm.ts") },
  update: { short: "Change a node", load: () => import("./update.ts") },
});
