import { defineTable } from "../../command.ts";

export default defineTable({
  ca: { short: "Show the swarm's root certificate, or make a new one", load: () => import("./ca.ts") },
  init: { short: "Begin a swarm", load: () => import("./init.ts") },
  join: { short: "Join a swarm as a worker or manager", load: () => import("./join.ts") },
  "join-token": { short: "Show what is needed to join", load: () => import("./join-token.ts") },
  leave: { short: "Leave the swarm", load: () => import("./leave.ts") },
  unlock: { short: "Unlock a manager", load: () => import("./unlock.ts") },
  "unlock-key": { short: "Show the key that unlocks managers", load: () => import("./unlock-key.ts") },
  update: { short: "Change the swarm", load: () => import("./update.ts") },
});
