import { defineTable } from "../../command.ts";

export default defineTable({
  config: { short: "Show Compose files, put together", load: () => import("./config.ts") },
  deploy: { short: "Bring a stack to what Compose files say", aliases: ["up"], load: () => import("./deploy.ts") },
  ls: { short: "List stacks", aliases: ["list"], load: () => import("./ls.ts") },
  ps: { short: "List the tasks of a stack", load: () => import("./ps.ts") },
  rm: { short: "Remove stacks", aliases: ["remove", "down"], load: () => import("./rm.ts") },
  services: { short: "List the services of a stack", load: () => import("./services.ts") },
});
