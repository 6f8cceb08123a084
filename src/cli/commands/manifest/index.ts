import { defineTable } from "../../command.ts";

export default defineTable({
  annotate: { short: "Say more of a manifest in a list in the making", load: () => import("./annotate.ts") },
  create: { short: "Begin a manifest list, to annotate and push", load: () => import("./create.ts") },
  inspect: { short: "Show a manifest or manifest list", load: () => import("./inspect.ts") },
  push: { short: "Send a manifest list to its registry", load: () => import("./push.ts") },
  rm: { short: "Forget manifest lists in the making", load: () => import("./rm.ts") },
});
