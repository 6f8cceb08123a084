import { defineTable } from "../../command.ts";

export default defineTable({
  build: {
    short: "Build an image from a Dockerfile",
    also: ["build", "builder build"],
    load: () => import("./build.ts"),
  },
  history: { short: "Show how an image came to be", also: ["history"], load: () => import("./history.ts") },
  import: { short: "Make an image of a filesystem archive", also: ["import"], load: () => import("./import.ts") },
  inspect: { short: "Show all that is known of images", load: () => import("./inspect.ts") },
  load: { short: "Load images from an archive or standard input", also: ["load"], load: () => import("./load.ts") },
  ls: { short: "List images", aliases: ["list"], also: ["images"], load: () => import("./ls.ts") },
  prune: { short: "Remove images that are not used", load: () => import("./prune.ts") },
  pull: { short: "Fetch an image from a registry", also: ["pull"], load: () => import("./pull.ts") },
  push: { short: "Send an image to a registry", also: ["push"], load: () => import("./push.ts") },
  rm: { short: "Remove images", aliases: ["remove"], also: ["rmi"], load: () => import("./rm.ts") },
  save: { short: "Write images to an archive or standard output", also: ["save"], load: () => import("./save.ts") },
  tag: { short: "Give an image a further name", also: ["tag"], load: () => import("./tag.ts") },
});
