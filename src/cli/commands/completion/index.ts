import { defineTable } from "../../command.ts";

export default defineTable({
  bash: { short: "Write the completion script for bash", load: () => import("./bash.ts") },
  fish: { short: "Write the completion script for fish", load: () => import("./fish.ts") },
  powershell: { short: "Write the completion script for powershell", load: () => import("./powershell.ts") },
  zsh: { short: "Write the completion script for zsh", load: () => import("./zsh.ts") },
});
