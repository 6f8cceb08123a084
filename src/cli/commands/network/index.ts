import { defineTable } from "../../command.ts";

export default defineTable({
  check: { short: "Hold what networks need in the kernel against what it has", load: () => import("./check.ts") },
  connect: { short: "Connect a container to a network", load: () => import("./connect.ts") },
  create: { short: "Make a network", load: () => import("./create.ts") },
  disconnect: { short: "Disconnect a container from a network", load: () => import("./disconnect.ts") },
  inspect: { short: "Show all that is known of networks", load: () => import("./inspect.ts") },
  ls: { short: "List networks", aliases: ["list"], load: () => import("./ls.ts") },
  prune: { short: "Remove networks that no container uses", load: () => import("./prune.ts") },
  rm: { short: "Remove networks", aliases: ["remove"], load: () => import("./rm.ts") },
});
