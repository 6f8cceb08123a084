import { defineTable } from "../../command.ts";

export default defineTable({
  create: { short: "Make a context", load: () => import("./create.ts") },
  export: { short: "Write a context to an archive or standard output", load: () => import("./export.ts") },
  import: { short: "Make a context of an archive", load: () => import("./import.ts") },
  inspect: { short: "Show all that is known of contexts", load: () => import("./inspect.ts") },
  ls: { short: "List contexts", aliases: ["list"], load: () => import("./ls.ts") },
  rm: { short: "Remove contexts", aliases: ["remove"], load: () => import("./rm.ts") },
  show: { short: "Print the name of the context in use", load: () => import("./show.ts") },
  update: { short: "Change a context", load: () => import("./update.ts") },
  use: { short: "Choose the context to use from now on", load: () => import("./use.ts") },
});
