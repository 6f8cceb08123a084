import { defineTable } from "../../command.ts";

export default defineTable({
  backup: { short: "Send a volume to a registry", load: () => import("./backup.ts") },
  clone: { short: "Make a volume with the content of another one", load: () => import("./clone.ts") },
  cp: { short: "Copy files into and out of volumes", load: () => import("./cp.ts") },
  create: { short: "Make a volume", load: () => import("./create.ts") },
  export: { short: "Write a volume's content as a tar archive", load: () => import("./export.ts") },
  import: { short: "Make a volume of a tar archive", load: () => import("./import.ts") },
  inspect: { short: "Show all that is known of volumes", load: () => import("./inspect.ts") },
  ls: { short: "List volumes", aliases: ["list"], load: () => import("./ls.ts") },
  prune: { short: "Remove volumes that no container uses", load: () => import("./prune.ts") },
  rename: { short: "Give a volume another name", aliases: ["mv"], load: () => import("./rename.ts") },
  restore: { short: "Make a volume of a backup in a registry", load: () => import("./restore.ts") },
  rm: { short: "Remove volumes", aliases: ["remove"], load: () => import("./rm.ts") },
  snapshot: { short: "Keep a volume as it is now", load: () => import("./snapshot.ts") },
  update: { short: "Change a cluster volume", load: () => import("./update.ts") },
});
