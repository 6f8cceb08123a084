import { defineTable } from "../../command.ts";

export default defineTable({
  create: { short: "Make a volume", load: () => import("./create.ts") },
  inspect: { short: "Show all that is known of volumes", load: () => import("./inspect.ts") },
  ls: { short: "List volumes", aliases: ["list"], load: () => import("./ls.ts") },
  prune: { short: "Remove volumes that no container uses", load: () => import("./prune.ts") },
  rm: { short: "Remove volumes", aliases: ["remove"], load: () => import("./rm.ts") },
  update: { short: "Change a cluster volume", load: () => import("./update.ts") },
});
