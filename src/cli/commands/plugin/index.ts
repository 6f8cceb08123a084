import { defineTable } from "../../command.ts";

export default defineTable({
  create: { short: "Make a plugin of a directory with config.json and rootfs", load: () => import("./create.ts") },
  disable: { short: "Turn a plugin off", load: () => import("./disable.ts") },
  enable: { short: "Turn a plugin on", load: () => import("./enable.ts") },
  inspect: { short: "Show all that is known of plugins", load: () => import("./inspect.ts") },
  install: { short: "Fetch and turn on a plugin", load: () => import("./install.ts") },
  ls: { short: "List plugins", aliases: ["list"], load: () => import("./ls.ts") },
  push: { short: "Send a plugin to a registry", load: () => import("./push.ts") },
  rm: { short: "Remove plugins", aliases: ["remove"], load: () => import("./rm.ts") },
  set: { short: "Change the settings of a plugin", load: () => import("./set.ts") },
  upgrade: { short: "Exchange a plugin for another version", load: () => import("./upgrade.ts") },
});
