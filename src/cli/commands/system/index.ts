import { defineTable } from "../../command.ts";

export default defineTable({
  check: { short: "Look for what the engine has left behind", load: () => import("./check.ts") },
  df: { short: "Show what takes up disk space", load: () => import("./df.ts") },
  "dial-stdio": {
    short: "Connect standard input and output to the engine",
    hidden: true,
    load: () => import("./dial-stdio.ts"),
  },
  events: {
    short: "Show what happens in the engine, as it happens",
    also: ["events"],
    load: () => import("./events.ts"),
  },
  info: { short: "Show the state of client and engine", also: ["info"], load: () => import("./info.ts") },
  prune: { short: "Remove everything that is not used", load: () => import("./prune.ts") },
});
