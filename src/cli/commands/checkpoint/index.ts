import { defineTable } from "../../command.ts";

export default defineTable({
  create: { short: "Keep the state of a running container", load: () => import("./create.ts") },
  ls: { short: "List the checkpoints of a container", aliases: ["list"], load: () => import("./ls.ts") },
  rm: { short: "Remove a checkpoint", aliases: ["remove"], load: () => import("./rm.ts") },
});
