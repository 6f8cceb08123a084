import { defineTable } from "../../command.ts";

export default defineTable({
  create: { short: "Store a secret from a file or standard input", load: () => import("./create.ts") },
  inspect: { short: "Show what is known of secrets", load: () => import("./inspect.ts") },
  ls: { short: "List secrets", aliases: ["list"], load: () => import("./ls.ts") },
  rm: { short: "Remove secrets", aliases: ["remove"], load: () => import("./rm.ts") },
});
