import { defineTable } from "../../command.ts";

export default defineTable({
  create: { short: "Store a config from a file or standard input", load: () => import("./create.ts") },
  inspect: { short: "Show what is known of configs", load: () => import("./inspect.ts") },
  ls: { short: "List configs", aliases: ["list"], load: () => import("./ls.ts") },
  rm: { short: "Remove configs", aliases: ["remove"], load: () => import("./rm.ts") },
});
