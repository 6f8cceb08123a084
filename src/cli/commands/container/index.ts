import { defineTable } from "../../command.ts";

export default defineTable({
  ls: { short: "List containers", aliases: ["list", "ps"], also: ["ps"], load: () => import("./ls.ts") },
});
